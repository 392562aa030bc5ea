# SPDX-License-Identifier: Apache-2.0
"""The driver's seat: one client at a time; all others watch."""

from __future__ import annotations

SILENT_S = 3.0  # [s] after which a driver that is not heard any more can be replaced: his network is gone


class Seat:
    """Who drives. Clients are told apart by a number."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._driver: int | None = None
        self._heard = 0.0  # [s]

    @property
    def driver(self) -> int | None:
        """Return the client who drives."""
        return self._driver

    @property
    def driver_name(self) -> str:
        """Return the driver's name; "" when nobody drives."""
        return "" if self._driver is None else self._names[self._driver] or "somebody"

    @property
    def watchers(self) -> int:
        """Return how many watch."""
        return len(self._names) - (self._driver is not None)

    def name(self, client: int) -> str:
        """Return a client's name."""
        return self._names.get(client, "")

    def join(self, client: int, name: str) -> None:
        """Let a client watch."""
        self._names[client] = name

    def refresh(self, client: int, now: float) -> None:
        """Note that a client was heard at `now` [s]."""
        if client == self._driver:
            self._heard = now

    def silent(self, now: float) -> bool:
        """Say whether the driver was not heard for so long at `now` [s] that he can be replaced."""
        return now - self._heard > SILENT_S

    def claim(self, client: int, now: float) -> bool:
        """Give the seat to a client when it is free, or its driver silent; say whether it is his now."""
        if self._driver is None or self.silent(now):
            self._driver, self._heard = client, now
        return self._driver == client

    def leave(self, client: int) -> bool:
        """Have a client leave the seat; say whether he had it."""
        had = self._driver == client
        if had:
            self._driver = None
        return had

    def part(self, client: int) -> bool:
        """Forget a client; say whether he drove."""
        had = self.leave(client)
        self._names.pop(client, None)
        return had

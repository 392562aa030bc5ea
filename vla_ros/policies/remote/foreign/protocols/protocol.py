# SPDX-License-Identifier: Apache-2.0
"""What every way to ask a server of others has."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.policies.remote.address import ServerAddress
from vla_ros.policies.remote.foreign.contract import ServerContract
from vla_ros.policies.remote.message_pack import MessageError
from vla_ros.policies.remote.values import Values

HISTORY_S = 0.3  # [s] before now: GraspVLA's older state


@dataclass(frozen=True, eq=False)
class Seen:
    """What a server is told of one moment."""

    pictures: Mapping[str, tuple[np.ndarray, ...]]  # by key, the oldest first
    state: Mapping[str, np.ndarray]  # by key (D,) float32
    words: str
    older: Mapping[str, np.ndarray] = field(default_factory=dict)  # the state of HISTORY_S before


class ServerProtocol(ABC):
    """One server, asked for actions. It is connected when it is first asked."""

    def __init__(self, contract: ServerContract, sizes: tuple[int, ...], address: ServerAddress) -> None:
        """`sizes`: numbers of each of the contract's action parts."""
        self.contract, self.sizes, self.address = contract, sizes, address

    @property
    @abstractmethod
    def connections(self) -> int:
        """Return how often a connection was made."""

    @abstractmethod
    def connect(self) -> None:
        """Connect, unless that is done. Raises NoServer in one line."""

    @abstractmethod
    def check(self) -> None:
        """Take what the server says of itself, once it is connected. Raises ConfigError where the contract differs."""

    @abstractmethod
    def message(self, seen: Seen) -> Any:
        """Return what the server is sent, before it is packed."""

    @abstractmethod
    def ask(self, seen: Seen, timeout: float) -> Values:
        """Return the mapping that holds the actions. Raises VlaError for none within `timeout` [s]."""

    @abstractmethod
    def close(self) -> None:
        """Leave the server."""

    @abstractmethod
    def reset(self) -> None:
        """Have a server that knows episodes forget this one before it is asked next."""

    def actions(self, seen: Seen, timeout: float) -> np.ndarray:
        """Return the first `take` actions (take, D), the parts one behind the other. Raises VlaError for no such."""
        try:
            rows = self.rows(self.ask(seen, timeout))
        except MessageError as error:
            raise VlaError(f"{self.address.url}: its reply is no chunk: {error}") from None
        if len(rows) < self.contract.take:
            raise VlaError(
                f"{self.address.url}: its reply is no chunk: {len(rows)} actions: the contract takes "
                f"{self.contract.take}: lower take"
            )
        return rows[: self.contract.take]

    def rows(self, reply: Values) -> np.ndarray:
        """Return a reply's actions (H, D). Raises MessageError for what is none."""
        plain = sum(size for part, size in zip(self.contract.actions, self.sizes, strict=True) if not part.keys)
        rest = self.array(reply, self.contract.reply, plain) if plain else None
        columns: list[np.ndarray] = []
        for part, size in zip(self.contract.actions, self.sizes, strict=True):
            if part.keys:
                each = size if len(part.keys) == 1 else 1
                columns += [self.array(reply, key, each) for key in part.keys]
            elif rest is not None:
                columns.append(rest[:, :size])
                rest = rest[:, size:]
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            raise MessageError(f"actions are {' and '.join(map(str, sorted(lengths)))} long: give all of one length")
        return np.column_stack(columns).astype(float)

    def array(self, reply: Values, key: str, size: int) -> np.ndarray:
        """Return the numbers (H, size) under a key of a reply. Raises MessageError for what is none."""
        return reply.array(key, None, size)

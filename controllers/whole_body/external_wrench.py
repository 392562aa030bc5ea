# SPDX-License-Identifier: Apache-2.0
"""The wrenches from outside on the hands, as their sensors say them."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name

AGE_MAX_S = 0.1  # [s] what was measured longer ago counts no more


class ExternalWrenches:
    """The newest wrench on each hand; told from any thread."""

    def __init__(self, arms: Iterable[str] = ()) -> None:
        """Listen for these arms."""
        self.arms, self.heeded = tuple(arms), True
        self._newest: dict[str, tuple[float, np.ndarray]] = {}  # [s], (6,) by arm

    def tell(self, arm: str, stamp: float, wrench: np.ndarray) -> None:
        """Take a wrench (6,) [N, N·m] on an arm's tool, about the tool's place, base axes, at `stamp` [s].

        Raises ConfigError for an arm that gives way to nothing, VlaError for what is not finite.
        """
        if arm not in self.arms:
            raise ConfigError(unknown_name("arm that gives way to a wrench", arm, self.arms))
        if not np.isfinite(wrench).all():
            raise VlaError(f"wrench on arm '{arm}' is not finite")
        self._newest[arm] = stamp, wrench

    def at(self, now: float) -> dict[str, np.ndarray]:
        """Return the wrenches (6,) by arm that count at `now` [s]: none where none is heeded."""
        if not self.heeded:
            return {}
        return {arm: wrench for arm, (stamp, wrench) in tuple(self._newest.items()) if abs(now - stamp) <= AGE_MAX_S}

    def begin(self) -> None:
        """Heed what is measured from now on."""
        self._newest.clear()
        self.heeded = True

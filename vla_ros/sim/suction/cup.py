# SPDX-License-Identifier: Apache-2.0
"""A suction cup that is on or off: what those of all robots have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from controllers.errors import ConfigError

_ON = 0.5  # a command above it switches on


class Cup(ABC):
    """One cup of the model; its lip is the body of its name."""

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    @abstractmethod
    def on(self) -> bool:
        """Say whether it sucks."""

    @property
    @abstractmethod
    def sealed(self) -> bool:
        """Say whether it holds something."""

    @property
    @abstractmethod
    def reason(self) -> str:
        """Say why it holds nothing though it sucks, in a word: a SealFailure or a HoldFailure; "" for no reason."""

    def command(self, suction: float) -> None:
        """Suck, 1, or let go, 0, until the next command. Raises ConfigError for what is not finite."""
        if not np.isfinite(suction):
            raise ConfigError(f"suction command must be finite, got {suction}")
        self._switch(suction > _ON)

    @abstractmethod
    def _switch(self, on: bool) -> None:
        """Suck or let go."""

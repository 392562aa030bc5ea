# SPDX-License-Identifier: Apache-2.0
"""A suction cup that is on or off."""

from __future__ import annotations

import mujoco
import numpy as np

from controllers.errors import ConfigError

_ON = 0.5  # a command above it switches on


class Cup:
    """One cup of the model: its lip is the body of its name, its pull the actuator of that name."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, name: str) -> None:
        self.name, self._model, self._data = name, model, data
        self._actuator, self._lip = model.actuator(name).id, model.body(name).id

    @property
    def on(self) -> bool:
        """Say whether it sucks."""
        return bool(self._data.ctrl[self._actuator] > _ON)

    @property
    def sealed(self) -> bool:
        """Say whether it holds something: it sucks, and its lip touches what it pulls."""
        touching = self._data.contact.geom[: self._data.ncon]
        return self.on and bool((self._model.geom_bodyid[touching] == self._lip).any())

    def command(self, suction: float) -> None:
        """Suck, 1, or let go, 0, until the next command. Raises ConfigError for what is not finite."""
        if not np.isfinite(suction):
            raise ConfigError(f"suction command must be finite, got {suction}")
        self._data.ctrl[self._actuator] = float(suction > _ON)

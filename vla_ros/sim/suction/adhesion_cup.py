# SPDX-License-Identifier: Apache-2.0
"""A cup of which its force alone is known: it pulls whatever its lip touches, however well it would seal."""

from __future__ import annotations

import mujoco

from vla_ros.robots.suction.seal import SealFailure
from vla_ros.sim.suction.cup import Cup


class AdhesionCup(Cup):
    """A cup whose pull is the adhesion actuator of its name."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, name: str) -> None:
        super().__init__(name)
        self._model, self._data = model, data
        self._actuator, self._lip = model.actuator(name).id, model.body(name).id

    @property
    def on(self) -> bool:
        """Say whether it sucks."""
        return bool(self._data.ctrl[self._actuator])

    @property
    def sealed(self) -> bool:
        """Say whether it holds something: it sucks, and its lip touches what it pulls."""
        touching = self._data.contact.geom[: self._data.ncon]
        return self.on and bool((self._model.geom_bodyid[touching] == self._lip).any())

    @property
    def reason(self) -> str:
        """Say that it sucks and touches nothing, where that is so."""
        return SealFailure.MISS.name.lower() if self.on and not self.sealed else ""

    def _switch(self, on: bool) -> None:
        self._data.ctrl[self._actuator] = float(on)

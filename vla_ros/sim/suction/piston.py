# SPDX-License-Identifier: Apache-2.0
"""The pistons that take a cup, or all fingers of a gripper, out of a tool, driven as one to a depth."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from controllers.errors import ConfigError
from vla_ros.sim.drives import MotorJoints, stepped


class Piston(MotorJoints):
    """Joints with a position servo each, in at 0."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, joints: Sequence[str], speed: float) -> None:
        """`speed` [m/s] of every joint."""
        super().__init__(model, data, joints)
        self._out = float(min(model.joint(name).range[1] for name in joints))
        self._stride, self._target = speed * model.opt.timestep, 0.0

    @property
    def depth(self) -> float:
        """How far they are out [m], on average."""
        return float(self.q.mean())

    def command(self, depth: float) -> None:
        """Go `depth` [m] out until the next command. Raises ConfigError for what is not finite."""
        if not np.isfinite(depth):
            raise ConfigError(f"depth command must be finite, got {depth}")
        self._target = float(np.clip(depth, 0.0, self._out))

    def advance(self) -> bool:
        """Move the setpoint by one time step; return whether it moved."""
        setpoint = float(self._data.ctrl[self._actuator[0]])
        if setpoint == self._target:
            return False
        self._data.ctrl[self._actuator] = stepped(setpoint, self._target, self._stride)
        return True

# SPDX-License-Identifier: Apache-2.0
"""The pistons that take a cup, or all fingers of a gripper, out of a tool, driven as one to a depth."""

from __future__ import annotations

from collections.abc import Sequence

import mujoco
import numpy as np

from controllers.errors import ConfigError


class Piston:
    """Joints with a position servo each, named like its joint; in at 0."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, joints: Sequence[str], speed: float) -> None:
        """`speed` [m/s] of every joint."""
        self._data = data
        self._qpos = np.array([model.joint(name).qposadr[0] for name in joints])
        self._dof = np.array([model.joint(name).dofadr[0] for name in joints])
        self._actuator = np.array([model.actuator(name).id for name in joints])
        self._out = float(min(model.joint(name).range[1] for name in joints))
        self._stride, self._target = speed * model.opt.timestep, 0.0

    @property
    def depth(self) -> float:
        """How far they are out [m], on average."""
        return float(self.positions.mean())

    @property
    def positions(self) -> np.ndarray:
        """How far each joint is out [m]."""
        return self._data.qpos[self._qpos]

    @property
    def velocities(self) -> np.ndarray:
        """How fast each joint goes out [m/s]."""
        return self._data.qvel[self._dof]

    @property
    def efforts(self) -> np.ndarray:
        """What each servo pushed with in the last step [N]."""
        return self._data.actuator_force[self._actuator].copy()

    def command(self, depth: float) -> None:
        """Go `depth` [m] out until the next command. Raises ConfigError for what is not finite."""
        if not np.isfinite(depth):
            raise ConfigError(f"depth command must be finite, got {depth}")
        self._target = float(np.clip(depth, 0.0, self._out))

    def advance(self) -> bool:
        """Move the setpoint by one time step; return whether it moved."""
        setpoint = float(self._data.ctrl[self._actuator[0]])
        gap = self._target - setpoint
        if gap == 0.0:
            return False
        near = abs(gap) <= self._stride
        self._data.ctrl[self._actuator] = self._target if near else setpoint + np.copysign(self._stride, gap)
        return True

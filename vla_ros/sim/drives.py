# SPDX-License-Identifier: Apache-2.0
"""What turns commands into actuator controls: the arm's torque or position mode, the gripper's width servo."""

from __future__ import annotations

import mujoco
import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import ArmGroup, GripperGroup

# Joint stiffness and damping of the position hold [N·m/rad], [N·m·s/rad]: those of Franka's joint impedance example.
_HOLD_STIFFNESS = (600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0)
_HOLD_DAMPING = (50.0, 50.0, 50.0, 50.0, 25.0, 15.0, 8.0)


class ArmDrive:
    """Drive one arm by torque, or hold positions with the world's own controller. Motors clamp either."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, arm: ArmGroup) -> None:
        self._model, self._data, self._arm = model, data, arm
        self.qpos = np.array([model.joint(name).qposadr[0] for name in arm.joints])
        self.dof = np.array([model.joint(name).dofadr[0] for name in arm.joints])
        self._actuator = np.array([model.actuator(name).id for name in arm.joints])
        self._stiffness = np.resize(_HOLD_STIFFNESS, len(arm.joints))
        self._damping = np.resize(_HOLD_DAMPING, len(arm.joints))
        self._stride = arm.velocity * model.opt.timestep
        self._target: np.ndarray | None = None  # [rad] of the position hold; None when driven by torque

    @property
    def effort(self) -> np.ndarray:
        """Torques the motors applied in the last step (N,) [N·m]."""
        return self._data.actuator_force[self._actuator].copy()

    def place(self, q: np.ndarray) -> None:
        """Put the arm at rest at q (N,) [rad] and hold it there."""
        self._data.qpos[self.qpos] = q
        self._data.qvel[self.dof] = 0.0
        self._target = None
        self.command_position(q)

    def command_effort(self, effort: np.ndarray) -> None:
        """Apply torques (N,) [N·m] until the next command."""
        controls = self._checked(effort, "effort")
        if self._target is not None:
            self._target = None
            self._model.actuator_gainprm[self._actuator, 0] = 1.0
            self._model.actuator_biasprm[self._actuator, 1:3] = 0.0
        self._data.ctrl[self._actuator] = controls

    def command_position(self, q: np.ndarray) -> None:
        """Hold q (N,) [rad], approached at the joints' speed limits from where the arm is."""
        target = np.clip(self._checked(q, "position"), self._arm.lower, self._arm.upper)
        if self._target is None:
            self._model.actuator_gainprm[self._actuator, 0] = self._stiffness
            self._model.actuator_biasprm[self._actuator, 1] = -self._stiffness
            self._model.actuator_biasprm[self._actuator, 2] = -self._damping
            self._data.ctrl[self._actuator] = self._data.qpos[self.qpos]
        self._target = target

    def advance(self) -> bool:
        """Move the held setpoint by one time step; return whether it moved."""
        if self._target is None:
            return False
        setpoint = self._data.ctrl[self._actuator]
        gap = self._target - setpoint
        if not gap.any():
            return False
        self._data.ctrl[self._actuator] = np.where(
            np.abs(gap) <= self._stride, self._target, setpoint + np.clip(gap, -self._stride, self._stride)
        )
        return True

    def _checked(self, values: np.ndarray, what: str) -> np.ndarray:
        values = np.asarray(values, dtype=np.float64)
        if values.shape != (len(self._arm.joints),) or not np.isfinite(values).all():
            raise ConfigError(f"{what} command must be {len(self._arm.joints)} finite numbers, got {values}")
        return values


class GripperDrive:
    """Move the fingers to an opening at the hand's speed, with at most its force."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, gripper: GripperGroup) -> None:
        self._data, self._gripper = data, gripper
        self.qpos = np.array([model.joint(name).qposadr[0] for name in gripper.joints])
        self.dof = np.array([model.joint(name).dofadr[0] for name in gripper.joints])
        self._actuator = model.actuator(gripper.name).id
        self._stride = gripper.speed * model.opt.timestep
        self._lead = gripper.force / model.actuator_gainprm[self._actuator, 0]  # [m] at which the force saturates
        self._target = gripper.width_max

    @property
    def width(self) -> float:
        """Opening between the fingers [m]."""
        return float(self._data.qpos[self.qpos].sum())

    @property
    def velocity(self) -> float:
        """Rate of the opening [m/s]."""
        return float(self._data.qvel[self.dof].sum())

    @property
    def force(self) -> float:
        """Force of the drive in the last step [N], negative when it closes."""
        return float(self._data.actuator_force[self._actuator])

    def place(self, width: float) -> None:
        """Put the fingers at rest at an opening [m]."""
        self._data.qpos[self.qpos] = width / len(self.qpos)
        self._data.qvel[self.dof] = 0.0
        self._data.ctrl[self._actuator] = self._target = width

    def command(self, width: float) -> None:
        """Drive the opening towards `width` [m] until the next command."""
        if not np.isfinite(width):
            raise ConfigError(f"gripper width must be finite, got {width}")
        target = float(np.clip(width, self._gripper.width_min, self._gripper.width_max))
        if target == self._target:
            return
        self._target = target
        # The setpoint has run ahead of fingers that press on something: a new command starts from the fingers.
        low = max(self.width - self._lead, self._gripper.width_min)
        self._data.ctrl[self._actuator] = np.clip(self._data.ctrl[self._actuator], low, self.width + self._lead)

    def advance(self) -> bool:
        """Move the setpoint by one time step; return whether it moved."""
        setpoint = self._data.ctrl[self._actuator]
        gap = self._target - setpoint
        if gap == 0.0:
            return False
        near = abs(gap) <= self._stride
        self._data.ctrl[self._actuator] = self._target if near else setpoint + np.copysign(self._stride, gap)
        return True

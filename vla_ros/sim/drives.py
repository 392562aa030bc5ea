# SPDX-License-Identifier: Apache-2.0
"""What turns commands into actuator controls: an arm's torque or position mode, servos."""

from __future__ import annotations

import math
from collections.abc import Sequence

import mujoco
import numpy as np

from controllers.arm.model import ArmModel
from controllers.chunks.progress import ArmCommand
from controllers.errors import ConfigError
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.groups import BASE_TIMEOUT_S, ArmGroup, BaseConfig, EndEffectorGroup, JointGroup, ServoGains
from vla_ros.sim.pose_servo import PoseServo
from vla_ros.sim.robot_model import BASE_JOINTS

# Where an arm's description gives no gains: each joint critically damped at these, with its inertia at home [rad/s].
_HOLD_RATE, _SERVO_RATE = 24.0, 60.0


def stepped(setpoint: float, target: float, stride: float) -> float:
    """Return a setpoint one time step nearer to its target: by `stride` at most, and then the target itself."""
    gap = target - setpoint
    return target if abs(gap) <= stride else float(setpoint + np.copysign(stride, gap))


class MotorJoints:
    """Joints of the model with a motor each, named like its joint."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, joints: Sequence[str]) -> None:
        self._data = data
        self.qpos = np.array([model.joint(name).qposadr[0] for name in joints])
        self.dof = np.array([model.joint(name).dofadr[0] for name in joints])
        self._actuator = np.array([model.actuator(name).id for name in joints])

    @property
    def q(self) -> np.ndarray:
        """Joint positions (N,) [rad] or [m]."""
        return self._data.qpos[self.qpos]

    @property
    def dq(self) -> np.ndarray:
        """Joint velocities (N,) [rad/s] or [m/s]."""
        return self._data.qvel[self.dof]

    @property
    def effort(self) -> np.ndarray:
        """What the motors applied in the last step (N,) [N·m] or [N], without gravity."""
        return self._data.actuator_force[self._actuator].copy()

    def _put(self, q: np.ndarray) -> None:
        """Have the joints at q (N,), at rest."""
        self._data.qpos[self.qpos] = q
        self._data.qvel[self.dof] = 0.0


class ArmDrive(MotorJoints):
    """Drive one arm by torque, by positions or by poses, or hold positions compliantly. Motors clamp all."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, embodiment: Embodiment, arm: ArmGroup) -> None:
        super().__init__(model, data, arm.joints)
        self._model, self._embodiment, self._arm = model, embodiment, arm
        self._gains = {  # of a position, by whether it is one of a stream
            False: _gains(arm.hold, _HOLD_RATE, embodiment, arm),
            True: _gains(arm.servo, _SERVO_RATE, embodiment, arm),
        }
        self._streams = False
        self._pose_servo: PoseServo | None = None  # while poses drive the arm
        self._carriers: list[int] = []  # where the positions of the joints that carry it are
        self._stride = arm.velocity * model.opt.timestep
        self._target: np.ndarray | None = None  # [rad] of hold or servo; None when driven by torque

    def place(self, q: np.ndarray) -> None:
        """Put the arm at rest at q (N,) [rad] and hold it there."""
        self._put(q)
        self._target = None
        self.command_position(q)

    def command_effort(self, effort: np.ndarray) -> None:
        """Apply torques (N,) [N·m] until the next command."""
        controls = self._checked(effort, "effort", len(self._arm.joints))
        self._pose_servo = None
        self._take_torques()
        self._data.ctrl[self._actuator] = controls

    def command_position(self, q: np.ndarray, stream: bool = False) -> None:
        """Hold q (N,) [rad], approached at the joints' speed limits; stiffly where it is one of a `stream`."""
        target = np.clip(self._checked(q, "position", len(self._arm.joints)), self._arm.lower, self._arm.upper)
        self._pose_servo = None
        if self._target is None or stream != self._streams:
            stiffness, damping = self._gains[stream]
            self._model.actuator_gainprm[self._actuator, 0] = stiffness
            self._model.actuator_biasprm[self._actuator, 1] = -stiffness
            self._model.actuator_biasprm[self._actuator, 2] = -damping
            self._data.ctrl[self._actuator] = self._data.qpos[self.qpos]
        self._target, self._streams = target, stream

    def command_pose(self, pose: np.ndarray) -> None:
        """Pull the tool to `pose` (7,): position [m], quaternion xyzw, in the base frame."""
        pose = self._checked(pose, "pose", 7)
        if not 0.9 < np.linalg.norm(pose[3:]) < 1.1:
            raise ConfigError(f"pose command needs a unit quaternion, got {pose[3:]}")
        if self._pose_servo is None:
            self._pose_servo = PoseServo(self._embodiment, self._arm, self._data.qpos[self.qpos])
            self._carriers = [int(self._model.joint(name).qposadr[0]) for name in self._pose_servo.carriers]
            self._take_torques()
        self._pose_servo.command(pose)

    def command(self, command: ArmCommand, kind: str) -> None:
        """Take one of a stream of commands: its effort, position or pose, as `kind` says."""
        if kind == "effort":
            self.command_effort(command.effort)
        elif kind == "position":
            self.command_position(command.position, stream=True)
        else:
            self.command_pose(command.pose)

    def _take_torques(self) -> None:
        if self._target is not None:
            self._target = None
            self._model.actuator_gainprm[self._actuator, 0] = 1.0
            self._model.actuator_biasprm[self._actuator, 1:3] = 0.0

    def advance(self) -> bool:
        """Move the setpoint by one time step; return whether it moved."""
        if self._pose_servo is not None:
            if self._carriers:
                self._pose_servo.carry(self._data.qpos[self._carriers])
            self._data.ctrl[self._actuator] = self._pose_servo.effort(self.q, self.dq)
            return True
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

    def _checked(self, values: np.ndarray, what: str, size: int) -> np.ndarray:
        values = np.asarray(values, dtype=np.float64)
        if values.shape != (size,) or not np.isfinite(values).all():
            raise ConfigError(f"{what} command must be {size} finite numbers, got {values}")
        return values


def _gains(
    given: ServoGains | None, rate: float, embodiment: Embodiment, arm: ArmGroup
) -> tuple[np.ndarray, np.ndarray]:
    """Return stiffness (N,) [N·m/rad] and damping (N,) [N·m·s/rad]: those given, else critical at `rate` [rad/s]."""
    if given is not None:
        return np.array(given.stiffness), np.array(given.damping)
    model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame, armature=arm.armature.tolist())
    model.update(arm.home, np.zeros(len(arm.joints)))
    inertia = np.diag(model.M)
    return rate**2 * inertia, 2.0 * rate * inertia


class JointServo(MotorJoints):
    """Joints without a tool, held where they are told to be by position servos at their speed limits."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, group: JointGroup) -> None:
        super().__init__(model, data, group.joints)
        self._group = group
        self._stride = group.velocity * model.opt.timestep
        self._target = group.home

    def place(self, q: np.ndarray) -> None:
        """Put the joints at rest at q (N,) and hold them there."""
        self._put(q)
        self._data.ctrl[self._actuator] = self._target = np.array(q)

    def command(self, q: np.ndarray) -> None:
        """Go to q (N,) until the next command. Raises ConfigError for what is no finite q."""
        q = np.asarray(q, dtype=np.float64)
        if q.shape != self._target.shape or not np.isfinite(q).all():
            raise ConfigError(f"position command must be {len(self._target)} finite numbers, got {q}")
        self._target = np.clip(q, self._group.lower, self._group.upper)

    def advance(self) -> bool:
        """Move the setpoint by one time step; return whether it moved."""
        gap = self._target - self._data.ctrl[self._actuator]
        if not gap.any():
            return False
        self._data.ctrl[self._actuator] += np.clip(gap, -self._stride, self._stride)
        return True


class BaseDrive(MotorJoints):
    """Drive a base on the floor by velocities in its own frame, which expire as those of ros2_control's do."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, base: BaseConfig) -> None:
        super().__init__(model, data, [name for name, _, _ in BASE_JOINTS])
        self._most = np.array(base.speed)
        self._velocity, self._until = np.zeros(3), 0.0

    @property
    def T_odom_base(self) -> np.ndarray:
        """Pose of the base where it was put down (4, 4)."""
        x, y, yaw = self.q.tolist()
        cos, sin = math.cos(yaw), math.sin(yaw)
        return np.array([[cos, -sin, 0.0, x], [sin, cos, 0.0, y], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])

    @property
    def twist(self) -> np.ndarray:
        """Velocity in its own frame (3,): x, y [m/s], yaw [rad/s]."""
        forwards, sideways, turning = self.dq.tolist()
        yaw = float(self.q[2])
        cos, sin = math.cos(yaw), math.sin(yaw)
        return np.array([cos * forwards + sin * sideways, cos * sideways - sin * forwards, turning])

    def place(self, pose: np.ndarray) -> None:
        """Put the base at rest at x, y [m] and yaw [rad] (3,) of where it was put down first."""
        self._put(pose)
        self._data.ctrl[self._actuator] = self._velocity[:] = 0.0
        self._until = 0.0

    def command(self, velocity: np.ndarray) -> None:
        """Go at velocity (3,) for BASE_TIMEOUT_S, at most as fast as the base may.

        Raises ConfigError for what is not finite.
        """
        velocity = np.asarray(velocity, dtype=np.float64)
        if velocity.shape != (3,) or not np.isfinite(velocity).all():
            raise ConfigError(f"base command must be 3 finite numbers, got {velocity}")
        self._velocity = np.clip(velocity, -self._most, self._most)
        self._until = self._data.time + BASE_TIMEOUT_S

    def advance(self) -> bool:
        """Turn the command with the base; return whether it moves."""
        if self._data.time >= self._until:
            self._velocity[:] = 0.0
        x, y, turning = self._velocity.tolist()
        yaw = float(self.q[2])
        cos, sin = math.cos(yaw), math.sin(yaw)
        self._data.ctrl[self._actuator] = (cos * x - sin * y, sin * x + cos * y, turning)
        return bool(x or y or turning)


class GripperDrive:
    """Move the fingers to an opening at the hand's speed, with at most its force."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, gripper: EndEffectorGroup) -> None:
        self._data, self._gripper = data, gripper
        self.qpos = np.array([model.joint(name).qposadr[0] for name in gripper.joints])
        self.dof = np.array([model.joint(name).dofadr[0] for name in gripper.joints])
        self._actuator = model.actuator(gripper.name).id
        self._stride = gripper.speed * model.opt.timestep
        self._lead = gripper.force / model.actuator_gainprm[self._actuator, 0]  # [m] at which the force saturates
        self._target = gripper.width_max

    @property
    def positions(self) -> np.ndarray:
        """Positions of the finger joints [m]."""
        return self._data.qpos[self.qpos]

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
        if setpoint == self._target:
            return False
        self._data.ctrl[self._actuator] = stepped(setpoint, self._target, self._stride)
        return True

# SPDX-License-Identifier: Apache-2.0
"""One arm of a robot, simulated for the control benchmarks: its model, its limits, its shipped tuning."""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.groups.gripper import GripperAdapter
from controllers.rotations import from_matrix
from vla_ros.robots.control import arm_limits, arm_model, collision_monitor, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm


class OneArm:
    """What is read once and shared by every arm that is put up; the rest of its robot stands still."""

    def __init__(self, robot: str) -> None:
        """Read the robot's first arm and its tuning. Raises ConfigError where that arm holds no parallel gripper."""
        whole = load_embodiment(robot)
        self.arm_group = arm = whole.arms[0]
        gripper = whole.gripper_on(arm.name)
        self.embodiment = dataclasses.replace(
            whole, arms=(arm,), end_effectors=whole.tools_of(arm.name), joint_groups=(), base=None
        )
        self.name, self.gripper = arm.name, gripper.name
        self.width = f"{gripper.name}/width"  # the channel
        self.config = load_control_config(robot)
        self.limits = arm_limits(arm, self.config)
        self.model = arm_model(self.embodiment, arm, self.config)
        self.monitor = collision_monitor(self.embodiment, self.config)
        self.opening = gripper.width_max  # [m]
        self.home = np.array(arm.home)  # (N,) [rad]

    def follower(self, command: str = "") -> ChunkFollower:
        """Return a follower of the arm, driven by what usually does, and its gripper, watched as it is shipped."""
        mode = self.arm_group.command_mode(command)
        driven = DrivenArm(self.name, self.model.clone(), self.limits, self.config, mode)
        gripper = GripperAdapter(self.config.gripper, self.opening)
        return ChunkFollower([driven], AuxiliaryDrive({self.width: gripper}), self.config, monitor=self.monitor)

    @property
    def start(self) -> np.ndarray:
        """Return the tool pose (7,) at home: position [m], quaternion xyzw."""
        T = self.model.forward(self.home)
        return np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])

    def arm(
        self, timestep: float, command_delay: float, jitter: float, q: np.ndarray | None = None, **plant: float
    ) -> DelayedArm:
        """Return an arm at q (N,) [rad], its home where none is given, behind a wire of `command_delay` [s].

        Its friction is its URDF's, the wire's delay varies by `jitter` [s].
        """
        friction = {
            "damping": float(self.model.viscous_friction.mean()),
            "friction": float(self.model.dry_friction.mean()),
        }
        wire = {"command_delay": command_delay, "jitter": jitter, "timestep": timestep}
        return DelayedArm(self.model, self.home if q is None else q, **(wire | friction | plant))  # type: ignore[arg-type]

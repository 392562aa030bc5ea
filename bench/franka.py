# SPDX-License-Identifier: Apache-2.0
"""The simulated Franka of the control benchmarks: its model, its limits, its shipped tuning."""

from __future__ import annotations

import numpy as np

from controllers.follower import ChunkFollower
from controllers.groups.auxiliary_drive import AuxiliaryDrive
from controllers.groups.driven_arm import DrivenArm
from controllers.groups.gripper import GripperAdapter
from controllers.rotations import from_matrix
from vla_ros.robots.control import arm_limits, arm_model, collision_monitor, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm

ARM, GRIPPER = "panda", "panda_hand"
WIDTH = f"{GRIPPER}/width"


class Franka:
    """What is read once and shared by every arm that is put up."""

    def __init__(self) -> None:
        """Read the embodiment and its tuning."""
        embodiment = load_embodiment("franka")
        arm = embodiment.arm(ARM)
        self.config = load_control_config("franka")
        self.limits = arm_limits(arm, self.config)
        self.model = arm_model(embodiment, arm, self.config)
        self.monitor = collision_monitor(embodiment, self.config)
        self._opening = embodiment.gripper(GRIPPER).width_max  # [m]
        self.home = np.array(arm.home)  # (N,) [rad]

    def follower(self, command: str = "effort") -> ChunkFollower:
        """Return a follower of the arm and its gripper, watched as it is shipped."""
        driven = DrivenArm(ARM, self.model.clone(), self.limits, self.config, command)
        gripper = GripperAdapter(self.config.gripper, self._opening)
        return ChunkFollower([driven], AuxiliaryDrive({WIDTH: gripper}), self.config, monitor=self.monitor)

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

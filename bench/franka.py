# SPDX-License-Identifier: Apache-2.0
"""The simulated Franka of the control benchmarks: its model, its limits, its shipped tuning."""

from __future__ import annotations

import numpy as np

from controllers.rotations import from_matrix
from vla_ros.robots.control import arm_guard, arm_limits, arm_model, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm

ARM, GRIPPER = "panda", "panda_hand"


class Franka:
    """What is read once and shared by every arm that is put up."""

    def __init__(self) -> None:
        """Read the embodiment and its tuning."""
        embodiment = load_embodiment("franka")
        arm = embodiment.arm(ARM)
        self.config = load_control_config("franka")
        self.limits = arm_limits(arm, self.config)
        self.model = arm_model(embodiment, arm, self.config)
        self.guard = arm_guard(embodiment, arm, self.config)
        self.home = np.array(arm.home)  # (N,) [rad]

    @property
    def start(self) -> np.ndarray:
        """Return the tool pose (7,) at home: position [m], quaternion xyzw."""
        T = self.model.forward(self.home)
        return np.concatenate([T[:3, 3], from_matrix(T[:3, :3])])

    def arm(self, timestep: float, command_delay: float, jitter: float, **plant: float) -> DelayedArm:
        """Return an arm at home, with its URDF's friction, behind a wire of `command_delay` [s] and `jitter` [s]."""
        friction = {
            "damping": float(self.model.viscous_friction.mean()),
            "friction": float(self.model.dry_friction.mean()),
        }
        wire = {"command_delay": command_delay, "jitter": jitter, "timestep": timestep}
        return DelayedArm(self.model, self.home, **(wire | friction | plant))  # type: ignore[arg-type]

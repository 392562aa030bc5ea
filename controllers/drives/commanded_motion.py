# SPDX-License-Identifier: Apache-2.0
"""What is commanded of an arm, whatever drives it: a sampled path behind the filter, of the tool or of the joints."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.history import CommandedPose
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.track import CARTESIAN, JOINT
from controllers.control_config import ControlConfig
from controllers.drives.reference import JointReference, PoseReference
from controllers.rotations import from_matrix


class CommandedMotion:
    """The two references, which of them leads, and how fast a path for it may be.

    A state in the other space is a *seed*: (2, N) q, dq, or (2, 7) pose and twist, from which that space goes on.
    """

    def __init__(self, model: ArmModel, limits: ArmLimits, config: ControlConfig, reserve: float = 0.0) -> None:
        """Prepare both spaces for the arm of `model`; paths end `reserve` [m] inside of what chunks may ask for."""
        self._model, self._config = model, config
        self.mode = CARTESIAN
        self._planning_model = model.clone()  # seeds are computed in the thread that submits chunks
        margin = config.safety.workspace_margin - reserve
        self._box = (limits.workspace_lower - margin, limits.workspace_upper + margin)
        self.pose = PoseReference(config.filter_cutoff, *self._box)
        self.joint = JointReference(config.filter_cutoff, model.size)
        self.joint_speed = limits.velocity * config.stitch.joint_speed_scale  # (N,) [rad/s] allowed

    @property
    def seen(self) -> CommandedPose:
        """Return what holds the commanded pose, seen from the base."""
        return self.pose.filter

    @property
    def delay(self) -> float:
        """Return how far the commanded state trails the sampled path [s]."""
        return self.pose.filter.delay

    @property
    def tool_speed(self) -> float:
        """Return how fast the tool is commanded to move [m/s]; 0 in joint space."""
        if self.mode != CARTESIAN:
            return 0.0
        x, y, z = self.pose.filter.twist[:3].tolist()
        return float((x * x + y * y + z * z) ** 0.5)

    def rest_at(self, T_base_ee: np.ndarray) -> np.ndarray:
        """Command the tool pose T_base_ee (4, 4), at rest; return the path's value (7,) that means it."""
        self.mode = CARTESIAN
        state = self.pose.reset(T_base_ee[:3, 3].copy(), from_matrix(T_base_ee[:3, :3]))
        return state[0]

    def start(self, mode: str, seed: np.ndarray) -> None:
        """Go on in a space from its seed."""
        if mode == JOINT:
            self.joint.reset(seed[0], seed[1])
        else:
            self.pose.reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])
        self.mode = mode

    def step(self, target: np.ndarray, dt: float) -> None:
        """Advance by dt [s] towards what was sampled of the path, (7,) or (N,)."""
        if self.mode == CARTESIAN:
            self.pose.step(target, dt)
        else:
            self.joint.step(target, dt)

    def pose_seed(self, q: np.ndarray, dq: np.ndarray) -> np.ndarray:
        """Return the seed (2, 7) of tool space that means q, dq (N,)."""
        T = self._planning_model.forward(q)
        seed = np.zeros((2, 7))
        seed[0, :3], seed[0, 3:] = T[:3, 3], from_matrix(T[:3, :3])
        seed[1, :6] = self._planning_model.jacobian(q) @ dq
        return seed

    def seeded_state(self, mode: str, seed: np.ndarray) -> np.ndarray:
        """Return the state (3, C) a path must start with to continue `seed`."""
        cutoff = self._config.filter_cutoff
        if mode == JOINT:
            return JointReference(cutoff, self._model.size).reset(seed[0], seed[1])
        return PoseReference(cutoff, *self._box).reset(seed[0, :3], tuple(seed[0, 3:]), seed[1, :6])

    def forward(self, q: np.ndarray) -> np.ndarray:
        """Return T_base_ee (4, 4) at q (N,) [rad], for the thread that submits chunks."""
        return self._planning_model.forward(q)

    def bounds(self, mode: str) -> MotionBounds:
        """Return how fast a path in this space may be from here on."""
        stitch, joint_speed = self._config.stitch, self.joint_speed
        if mode == JOINT:
            return MotionBounds(joint_speed, np.full(self._model.size, stitch.joint_acceleration_max))
        # A quaternion's components move half as fast as it turns.
        speed = np.array([stitch.speed_max] * 3 + [0.5 * stitch.rotation_speed_max] * 4)
        acceleration = np.array([stitch.acceleration_max] * 3 + [0.5 * stitch.rotation_acceleration_max] * 4)
        x, y, z, w = self.pose.filter.quaternion
        # ω = 2 q' q*, base axes
        turn = 2.0 * np.array([[w, z, -y, -x], [-z, w, x, -y], [y, -x, w, -z]])
        J_inverse = np.linalg.pinv(self._planning_model.jacobian(self._model.q.copy()), rcond=0.05)
        joint_rates = np.hstack([J_inverse[:, :3], J_inverse[:, 3:] @ turn]) / joint_speed[:, None]
        return MotionBounds(speed, acceleration, joint_rates)

    def write_pose(self, T_base_ee: np.ndarray) -> None:
        """Write the commanded tool pose into T_base_ee (4, 4)."""
        if self.mode == CARTESIAN:
            T_base_ee[...] = self.pose.filter.matrix()
        else:
            T_base_ee[:] = self._model.forward(self.joint.filter.position)

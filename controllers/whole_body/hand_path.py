# SPDX-License-Identifier: Apache-2.0
"""What is commanded of one arm under whole-body control: its path behind the filter, in the base or in the world."""

from __future__ import annotations

import numpy as np
import pinocchio as pin

from controllers.arm.limits import ArmLimits
from controllers.arm.model import ArmModel
from controllers.chunks.base_motion import PlanarPose
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.track import CARTESIAN, JOINT
from controllers.control_config import ControlConfig
from controllers.drives.commanded_motion import CommandedMotion
from controllers.rotations import from_matrix
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import HandTarget


class SeenPose:
    """A pose (7,) seen from the base: position [m], quaternion xyzw."""

    def __init__(self) -> None:
        """Start at the base."""
        self.pose = np.array([0.0] * 6 + [1.0])


class HandPath(CommandedMotion):
    """The two references of an arm. While it is not `riding` the tool's is in the odometry's frame."""

    def __init__(self, control: WholeBody, model: ArmModel, limits: ArmLimits, config: ControlConfig) -> None:
        """Prepare both spaces for the arm of `model`, of the robot of `control`."""
        super().__init__(model, limits, config)
        self._control, self._stitch = control, config.stitch
        self.riding = True
        self._seen = SeenPose()

    def rest_at(self, T_base_ee: np.ndarray) -> np.ndarray:
        """Command the tool pose T_base_ee (4, 4), at rest in the base."""
        self.riding = True
        return super().rest_at(T_base_ee)

    def start(self, mode: str, seed: np.ndarray) -> None:
        """Go on in a space from its seed, which is seen from the base."""
        self.riding = True
        super().start(mode, seed)

    def ride(self, riding: bool) -> None:
        """Go on in the base's frame or in the odometry's, at the same pose and velocity."""
        if riding == self.riding:
            return
        self.riding = riding
        if self.mode != CARTESIAN:
            return
        control, reference = self._control, self.pose.filter
        x, y, turn = control.base_twist.tolist()
        T, pose, twist = pin.XYZQUATToSE3(reference.pose).homogeneous, control.T_odom_base, reference.twist.copy()
        R, spin = pose[:3, :3], np.array([0.0, 0.0, turn])
        if riding:
            T = np.linalg.inv(pose) @ T
            twist[:3], twist[3:] = R.T @ twist[:3], R.T @ twist[3:]
            sign = -1.0
            carried = T[:3, 3]
        else:
            carried = T[:3, 3]
            sign = 1.0
        twist[:3] += sign * (np.array([x, y, 0.0]) + np.cross(spin, carried))
        twist[3:] += sign * spin
        if not riding:
            T = pose @ T
            twist[:3], twist[3:] = R @ twist[:3], R @ twist[3:]
        reference.reset(T[:3, 3], from_matrix(T[:3, :3]), twist)

    def step(self, target: np.ndarray, dt: float) -> None:
        """Advance by dt [s] towards what was sampled; the box is the base's, and kept by the programme."""
        if self.mode == JOINT or self.riding:
            super().step(target, dt)
        else:
            a, b, c, d = target[3:].tolist()
            self.pose.filter.step(target[:3], (a, b, c, d), dt)

    def bounds(self, mode: str) -> MotionBounds:
        """Return how fast a path may be; what joints and base can do the programme knows."""
        if mode == JOINT:
            return super().bounds(mode)
        # Waiting helps against joints that are too slow, not against a path that ends sooner than they can brake.
        stitch, braking = self._stitch, self._control.config
        linear = min(stitch.acceleration_max, braking.braking)
        angular = min(stitch.rotation_acceleration_max, braking.braking_rotation)
        speed = np.array([stitch.speed_max] * 3 + [0.5 * stitch.rotation_speed_max] * 4)
        return MotionBounds(speed, np.array([linear] * 3 + [0.5 * angular] * 4))

    def hand_target(self) -> HandTarget:
        """Return where the tool is to be, and how it moves there."""
        reference = self.pose.filter
        return HandTarget(reference.matrix(), reference.twist, self.riding)

    @property
    def seen(self) -> SeenPose:
        """Return the commanded pose, seen from the base."""
        pose, reference = self._seen.pose, self.pose.filter
        pose[:] = reference.pose
        if not self.riding:
            PlanarPose(*self._control.base_place.tolist()).inverse().place(pose)
        return self._seen

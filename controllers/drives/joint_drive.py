# SPDX-License-Identifier: Apache-2.0
"""Drive joints without a tool by positions, within their speed, acceleration and range whatever is asked."""

from __future__ import annotations

import numpy as np

from controllers.arm.limits import ArmLimits
from controllers.chunks.stitching import MotionBounds
from controllers.chunks.track import JOINT
from controllers.control_config import ControlConfig
from controllers.drives.commanded_joints import CommandedJoints
from controllers.drives.drive import GroupDrive
from controllers.drives.limit_utilisation import LimitUtilisation
from controllers.drives.reference import JointReference


class JointMotion:
    """What is commanded of joints: a sampled path behind the filter; they know no other space."""

    mode = JOINT
    tool_speed = 0.0

    def __init__(self, limits: ArmLimits, config: ControlConfig) -> None:
        """Filter N joints."""
        n, stitch = len(limits.lower), config.stitch
        self.joint = JointReference(config.filter_cutoff, n)
        self.joint_speed = limits.velocity * stitch.joint_speed_scale  # (N,) allowed
        self._acceleration = np.minimum(limits.acceleration, stitch.joint_acceleration_max)

    @property
    def delay(self) -> float:
        """Return how far the commanded state trails the sampled path [s]."""
        return self.joint.filter.delay

    def bounds(self, mode: str) -> MotionBounds:
        """Return how fast a path may be."""
        return MotionBounds(self.joint_speed, self._acceleration)

    def seeded_state(self, mode: str, seed: np.ndarray) -> np.ndarray:
        """Return the state (3, N) a path must start with to continue `seed` (2, N)."""
        return JointReference(self.joint.filter.cutoff, seed.shape[1]).reset(seed[0], seed[1])


class JointDrive(GroupDrive):
    """Positions integrated from where the joints were taken over, never from measured ones."""

    command = "position"
    modes = (JOINT,)
    stops_at_acceleration = False  # it never sends on more than the joints can

    def __init__(self, limits: ArmLimits, config: ControlConfig) -> None:
        """Drive N joints."""
        n = len(limits.lower)
        self.motion: JointMotion = JointMotion(limits, config)
        self._joints = CommandedJoints(limits, config.kinematics)
        self.q, self.dq = self._joints.q, self._joints.dq  # commanded
        self.measured, self.measured_speed = np.zeros(n), np.zeros(n)
        self._config = config
        self._utilisation = LimitUtilisation(self.motion.joint_speed, limits, config.safety)

    def begin(self, q: np.ndarray) -> None:
        """Take the joints over where they are."""
        self._joints.place(q)

    def hold(self) -> np.ndarray:
        """Hold what was commanded last; in shadow mode nothing was, and the joints are where they were."""
        self._joints.place(self.measured if self._config.shadow else self.q)
        self._utilisation.forget()
        return self.motion.joint.reset(self.q)[0]

    def seed(self, mode: str) -> np.ndarray:
        """Return the commanded positions and speeds (2, N)."""
        return np.stack([self.q, self.dq])

    def switch(self, mode: str, seed: np.ndarray) -> None:
        """Go on from a seed."""
        self.motion.joint.reset(seed[0], seed[1])

    def follow(self, target: np.ndarray, dt: float) -> bool:
        """Move the commanded positions on."""
        self.motion.joint.step(target, dt)
        if dt <= 0.0:
            return True
        self._joints.bounds.update(self.q, self.dq, self.measured, dt)
        joint = self.motion.joint.filter
        return self._joints.advance(self._joints.towards(joint.position, joint.velocity), dt)

    def come_to_rest(self, dt: float) -> bool:
        """Brake every joint at its acceleration limit."""
        if dt <= 0.0:
            return True
        self._joints.bounds.update(self.q, self.dq, None, dt)
        return self._joints.advance(self._joints.standing(), dt)

    @property
    def at_rest(self) -> bool:
        """Say whether the command stands still, and the joints with it."""
        return self._joints.still and float(np.abs(self.measured_speed).max()) < self._config.safety.rest_speed

    def idle(self, dt: float) -> bool:
        """Be where the joints are: whoever holds them now does so without us."""
        self._joints.place(self.measured)
        return True

    def without_state(self, dt: float) -> None:
        """Brake: the driver goes on holding positions."""
        self.come_to_rest(dt)

    def lag(self) -> float:
        """Return how far the joints are behind the command, as a share of the most it may lead them."""
        return self._joints.lag(self.measured)

    def limit_utilisation(self, elapsed: float) -> tuple[float, float]:
        """Return the shares of what is commanded."""
        return self._utilisation.update(self.dq, elapsed)

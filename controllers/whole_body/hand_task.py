# SPDX-License-Identifier: Apache-2.0
"""A hand's six rows of the programme: its twist is that of its target times the progress, and the way to it.

    J x = s v + e v(|e|) / |e|        s: progress, 0 to 1, one for all hands

The pull v(|e|) is proportional close by and brakes evenly from afar, at no more than the hand's speed, so that a target
that leaps is approached and not overshot. Where limits leave no way along v, s falls for all hands at once: two that
carry one thing keep their distance.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
import pinocchio as pin

from controllers.drives.differential_kinematics import ROTATION_METRES
from controllers.safety.braking_profile import BrakingProfile
from controllers.whole_body.admittance import Admittance
from controllers.whole_body.config import WholeBodyConfig
from controllers.whole_body.targets import HandTarget

WEIGHTS = np.array([[1.0]] * 3 + [[ROTATION_METRES]] * 3)


class HandTask:
    """The rows of one hand, and how it gives way."""

    def __init__(self, config: WholeBodyConfig, moved: int) -> None:
        """Take gains from `config`; the base has `moved` axes."""
        self.admittance = Admittance(config.admittance)
        self.error = np.zeros(6)  # [m, rad] target − tool, base axes
        self._profile = BrakingProfile(config.pull, np.array([config.braking, config.braking_rotation]))
        self._most, self._moved = np.array([config.speed, config.speed_rotation]), moved
        self._target, self._twist, self._pull = np.eye(4), np.zeros(6), np.zeros(6)
        self._way, self._speed = np.zeros(2), np.zeros(2)

    def write(
        self,
        target: HandTarget,
        T_odom_base: np.ndarray,
        T_base_ee: np.ndarray,
        J: np.ndarray,
        A: np.ndarray,
        b: np.ndarray,
    ) -> None:
        """Write A (6, n + 1), its last column that of progress, and b (6,)."""
        self._take(target, T_odom_base)
        error, admittance = self.error, self.admittance
        pull = self._pull
        pull[:] = 0.0
        if not admittance.still:
            self._target[:3, 3] += admittance.offset[:3]
            self._target[:3, :3] = pin.exp3(admittance.offset[3:]) @ self._target[:3, :3]
            pull += admittance.velocity  # a push moves the hand whatever the progress is
        np.subtract(self._target[:3, 3], T_base_ee[:3, 3], out=error[:3])
        error[3:] = pin.log3(self._target[:3, :3] @ T_base_ee[:3, :3].T)
        x, y, z, a, b_, c = error.tolist()
        self._way[:] = sqrt(x * x + y * y + z * z), sqrt(a * a + b_ * b_ + c * c)
        size = np.maximum(self._way, 1e-9)
        self._profile.write(self._way, self._speed)
        shares = (np.minimum(self._speed, self._most, out=self._speed) / size).tolist()
        pull[:3] += error[:3] * shares[0]
        pull[3:] += error[3:] * shares[1]
        np.multiply(J, WEIGHTS, out=A[:, :-1])
        if target.riding:
            A[:, : self._moved] = 0.0
        np.multiply(self._twist, -WEIGHTS[:, 0], out=A[:, -1])
        np.multiply(pull, WEIGHTS[:, 0], out=b)

    def _take(self, target: HandTarget, T_odom_base: np.ndarray) -> None:
        """Bring the target into the base."""
        R = T_odom_base[:3, :3].T
        if target.riding:
            self._target[:] = target.T
        else:
            self._target[:3, :3] = R @ target.T[:3, :3]
            self._target[:3, 3] = R @ (target.T[:3, 3] - T_odom_base[:3, 3])
        if target.twist is None:
            self._twist[:] = 0.0
        elif target.riding:
            self._twist[:] = target.twist
        else:
            self._twist[:3], self._twist[3:] = R @ target.twist[:3], R @ target.twist[3:]

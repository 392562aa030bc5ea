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
from controllers.whole_body.admittance import Admittance
from controllers.whole_body.targets import HandTarget
from controllers.whole_body_config import WholeBodyConfig

WEIGHTS = np.array([[1.0]] * 3 + [[ROTATION_METRES]] * 3)


def _share(way: float, rate: float, braking: float, most: float) -> float:
    """Return the speed over the way that is left [1/s]: the profile of `safety/braking_profile.py`, at most `most`."""
    knee = braking / rate**2
    if way <= knee:
        return min(rate, most / max(way, 1e-9))
    return min(sqrt(braking * (2.0 * way - knee)), most) / way


class HandTask:
    """The rows of one hand, and how it gives way."""

    def __init__(self, config: WholeBodyConfig, moved: int) -> None:
        """Take gains from `config`; the base has `moved` axes."""
        self.admittance = Admittance(config.admittance)
        self.error = np.zeros(6)  # [m, rad] target − tool, base axes
        self.off = 0.0  # [m] how far the tool is from its target
        self._config, self._moved = config, moved
        self._target, self._twist, self._pull = np.eye(4), np.zeros(6), np.zeros(6)

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
        config = self._config
        self.off = sqrt(x * x + y * y + z * z)
        shift = _share(self.off, config.pull, config.braking, config.speed)
        turn = _share(sqrt(a * a + b_ * b_ + c * c), config.pull, config.braking_rotation, config.speed_rotation)
        pull += (x * shift, y * shift, z * shift, a * turn, b_ * turn, c * turn)
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

# SPDX-License-Identifier: Apache-2.0
"""From a crooked path to a quick motion: shortcuts that are themselves quickest motions.

Shortcutting in time (Hauser and Ng-Thow-Hing 2010) with jerk limits: two states of the motion, at speed, are
connected by Ruckig in the least time; the connection stays when it is quicker and free. What rests in corners becomes
a motion that swings past them, and every step on the way there is a motion that could be executed.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from vla_ros.planning.collision import CollisionChecker
from vla_ros.planning.sweep import line_free, motion_free
from vla_ros.planning.trajectory import Connector, MotionLimits, Piece, PieceTrajectory

GAIN = 0.02  # a shortcut must save this share of what it replaces
CORNER_SHARES = (1.0, 0.6, 0.35, 0.2)  # of the stretches beside a corner, the longest shortcut first


def shorten(checker: CollisionChecker, corners: np.ndarray, step: float) -> np.ndarray:
    """Return the corners (W, N) [rad] without those that straight lines can leave out."""
    kept = [0]
    while kept[-1] < len(corners) - 1:
        here = kept[-1]
        for far in range(len(corners) - 1, here, -1):
            if far == here + 1 or line_free(checker, corners[here], corners[far], step):
                kept.append(far)
                break
    return corners[kept]


class Shortener:
    """Make one motion quicker."""

    def __init__(
        self,
        checker: CollisionChecker,
        limits: MotionLimits,
        connector: Connector,
        step: float,
        deadline: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Check shortcuts every `step` [m] of travel; stop at `deadline` [s] of `clock`."""
        self._checker, self._connector, self._step = checker, connector, step
        self._deadline, self._clock = deadline, clock
        self._lower, self._upper = limits.lower, limits.upper

    def shorten(self, motion: PieceTrajectory, random: np.random.Generator, attempts: int) -> PieceTrajectory:
        """Return a motion between the same ends that takes no longer."""
        whole = self._shortcut(motion, 0.0, motion.duration)
        if whole is not None:
            return whole
        motion = self._round_corners(motion)
        for _ in range(attempts):
            if self._clock() > self._deadline:
                break
            t1, t2 = np.sort(random.uniform(0.0, motion.duration, 2)).tolist()
            motion = self._shortcut(motion, t1, t2) or motion
        return motion

    def _round_corners(self, motion: PieceTrajectory) -> PieceTrajectory:
        """Swing past each corner, as wide as it goes."""
        for corner in range(len(motion.pieces) - 1, 0, -1):
            # From the end, so that the times of the corners before stay what they are.
            t = motion.starts[corner]
            before, after = motion.pieces[corner - 1].duration, motion.pieces[corner].duration
            for share in CORNER_SHARES:
                quicker = self._shortcut(motion, t - 0.5 * share * before, t + 0.5 * share * after)
                if quicker is not None:
                    motion = quicker
                    break
        return motion

    def _shortcut(self, motion: PieceTrajectory, t1: float, t2: float) -> PieceTrajectory | None:
        connection = self._connector.quickest(motion.at(t1), motion.at(t2))
        if connection is None or connection.duration > (1.0 - GAIN) * (t2 - t1) - 1e-3:
            return None
        candidate = PieceTrajectory((Piece(connection, 0.0, connection.duration),))
        if not motion_free(self._checker, candidate, self._lower, self._upper, self._step):
            return None
        return motion.replace(t1, t2, connection)

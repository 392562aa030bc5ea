# SPDX-License-Identifier: Apache-2.0
"""The motion being followed and where on it: sampled once a tick for all groups, seen from the base."""

from __future__ import annotations

import numpy as np

from controllers.chunks.base_motion import BaseMotion, PlanarPose
from controllers.chunks.motion import Motion, resting
from controllers.chunks.track import side_by_side

AT_REST_S = 1e3  # [s] on a motion that stands still


class MotionSampler:
    """Sample one motion after the other; nothing is allocated between two of them."""

    def __init__(self, motion: Motion, base: BaseMotion, delay: float, in_odometry: bool = False) -> None:
        """Begin with `motion`.

        What stays where the `base` was is seen from it `delay` [s] later, behind the filter; `in_odometry`: it is given
        in the odometry's frame instead.
        """
        self._base, self._delay, self._in_odometry = base, delay, in_odometry
        self._powers, self._values = np.zeros(4), np.zeros(0)
        self.targets: list[np.ndarray] = []  # each group's part of the sample, views
        self._anchored: list[tuple[PlanarPose, np.ndarray]] = []  # those that stay where the base was
        # In one assignment: who submits chunks reads it in another thread.
        self.cursor: tuple[Motion, float] = (motion, 0.0)  # what is sampled, and where [s]
        self._point = -1  # of the motion, the last that was reached
        self.put(motion, 0.0)

    @property
    def anchored(self) -> bool:
        """Say whether anything stays where the base was."""
        return bool(self._anchored)

    @property
    def point(self) -> int:
        """Return which of the motion's points was reached last; −1 before the first."""
        return self._point

    def put(self, motion: Motion, x: float) -> None:
        """Go on with `motion` at x [s]."""
        self.cursor = (motion, x)
        self._values = np.zeros(motion.tracks[-1].columns.stop if motion.tracks else 0)
        self.targets = [self._values[track.columns] for track in motion.tracks]
        pairs = zip(motion.tracks, self.targets, strict=True)
        self._anchored = [(track.anchor, target) for track, target in pairs if track.anchor is not None]
        self._point = -1

    def rest(self, motion: Motion) -> None:
        """Stand still where a resting motion does."""
        self.put(motion, AT_REST_S)
        self._point = 0

    def reach(self, m: float) -> bool:
        """Note which points were reached at m [s] of the motion; say whether one more was."""
        point, reached = self._point, self.cursor[0].point_list
        last = len(reached) - 1
        while point < last and reached[point + 1] <= m + 1e-9:
            point += 1
        further = point != self._point
        self._point = point
        return further

    def sample(self, now: float) -> list[np.ndarray]:
        """Return each group's part of the motion where the cursor stands, at `now` [s]: views."""
        motion, x = self.cursor
        motion.spline.sample(x, self._powers, self._values)
        if self._anchored:
            back = PlanarPose() if self._in_odometry else self._base.at(now + self._delay).inverse()
            for anchor, target in self._anchored:
                (back @ anchor).place(target)
        return self.targets

    def hold_in_base(self, reason: str, now: float) -> bool:
        """Once all is over and the base stands, be at rest in the base: whoever pushes it pushes the arms with it.

        Say whether that has just begun.
        """
        motion, x = self.cursor
        if not (self._anchored and x >= motion.spline.duration and self._base.at_rest):
            return False
        if self._in_odometry:
            back = self._base.at(now).inverse()
            for _, target in self._anchored:
                back.place(target)
        tracks = side_by_side(motion.tracks, [track.mode for track in motion.tracks])
        self.rest(resting(tracks, self._values, reason))
        return True

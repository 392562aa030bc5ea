# SPDX-License-Identifier: Apache-2.0
"""Stamped poses with lines between the positions and the shortest turns (slerp) between the orientations."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np

from controllers.rotations import compose_exp, log_relative, rotate


class Polyline:
    """What a chunk says, as a user who samples it at the control rate would: position, quaternion, twist."""

    def __init__(self, times: np.ndarray, poses: np.ndarray) -> None:
        """Take poses (K, 7) at increasing times (K,) [s]; before the first and after the last they are held."""
        self.times, self.poses = np.asarray(times, float), np.asarray(poses, float)
        self._times, self._rows = self.times.tolist(), self.poses.tolist()

    @property
    def end(self) -> float:
        """Return the time of the last pose [s]."""
        return self._times[-1]

    def sample(self, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the pose (7,) at t [s] and the twist (6,) of the line it is on, base axes."""
        times = self._times
        if t < times[0] or t >= times[-1]:
            return self.poses[0 if t < times[0] else -1].copy(), np.zeros(6)
        k = bisect_right(times, t) - 1
        span = times[k + 1] - times[k]
        u = (t - times[k]) / span
        a, b = self._rows[k], self._rows[k + 1]
        q = tuple(a[3:])
        turn = log_relative(q, tuple(b[3:]))
        pose, twist = np.empty(7), np.empty(6)
        pose[:3] = [x + u * (y - x) for x, y in zip(a[:3], b[:3], strict=True)]
        pose[3:] = compose_exp(q, (u * turn[0], u * turn[1], u * turn[2]))
        twist[:3] = [(y - x) / span for x, y in zip(a[:3], b[:3], strict=True)]
        twist[3:] = [v / span for v in rotate(q, turn)]
        return pose, twist


def between(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """Return the pose (7,) that lies `share` of the way from a to b."""
    turn = log_relative(tuple(a[3:]), tuple(b[3:]))
    quaternion = compose_exp(tuple(a[3:]), tuple(share * v for v in turn))
    return np.concatenate([a[:3] + share * (b[:3] - a[:3]), quaternion])

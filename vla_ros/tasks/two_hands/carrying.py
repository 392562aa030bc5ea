# SPDX-License-Identifier: Apache-2.0
"""The way of one thing that two hands carry: each hand stays where it is on the thing."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.sim.grasping.motion import minimum_jerk


def object_ways(poses: Sequence[np.ndarray], speed: float, turn_rate: float, period: float) -> list[np.ndarray]:
    """Return the way through several poses (4, 4), one a period, at rest in each; the first is where it begins.

    It is nowhere faster than `speed` [m/s] and `turn_rate` [rad/s].
    """
    pairs = itertools.pairwise(poses)
    return [T for start, end in pairs for T in _object_way(start, end, speed, turn_rate, period)]


def _object_way(
    T_start: np.ndarray, T_end: np.ndarray, speed: float, turn_rate: float, period: float
) -> list[np.ndarray]:
    """Return poses (4, 4), straight and with a minimum-jerk profile."""
    shift = T_end[:3, 3] - T_start[:3, 3]
    turn = Rotation.from_matrix(T_end[:3, :3] @ T_start[:3, :3].T).as_rotvec()
    seconds = 1.875 * max(float(np.linalg.norm(shift)) / speed, float(np.linalg.norm(turn)) / turn_rate)
    way = []
    for share in minimum_jerk(seconds, period):
        T = np.eye(4)
        T[:3, :3] = Rotation.from_rotvec(share * turn).as_matrix() @ T_start[:3, :3]
        T[:3, 3] = T_start[:3, 3] + share * shift
        way.append(T)
    return way

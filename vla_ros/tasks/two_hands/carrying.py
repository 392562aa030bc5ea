# SPDX-License-Identifier: Apache-2.0
"""Two hands that carry one thing: its way, and each hand's, which stays where it is on the thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.sim.grasping.motion import minimum_jerk


def object_way(
    T_start: np.ndarray, T_end: np.ndarray, speed: float, turn_rate: float, period: float
) -> list[np.ndarray]:
    """Return poses (4, 4) a period, straight and with a minimum-jerk profile: at most `speed` [m/s], `turn_rate` [rad/s]."""
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


def object_ways(
    poses: Sequence[np.ndarray], speed: float, turn_rate: float, period: float
) -> list[np.ndarray]:
    """Return the way through several poses (4, 4), at rest in each; the first is where it begins."""
    return [
        T
        for start, end in zip(poses[:-1], poses[1:], strict=True)
        for T in object_way(start, end, speed, turn_rate, period)
    ]


def hands_at(T_base_object: np.ndarray, holds: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return T_base_ee (4, 4) of each arm; `holds` are T_object_ee by arm."""
    return {arm: T_base_object @ T for arm, T in holds.items()}

# SPDX-License-Identifier: Apache-2.0
"""The ideal tool paths: what every policy of the comparison means to do.

A path is a quintic spline of six channels: position [m] and rotation vector [rad] from the first pose, in base axes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from scipy.interpolate import BSpline, make_interp_spline
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.policies.geometric.motion import MotionConfig, Walker

KNOT_S = 0.02  # [s] between the samples an analytic path is splined through
TABLE_S = 0.002  # [s] between the points at which the nearest one is sought
NEAR_END = 0.01  # [m] a path is done when only this much is left


@dataclass(frozen=True, eq=False)
class IdealPath:
    """A tool path from rest to rest, and the shape of the chunks that describe it."""

    name: str
    spline: BSpline  # of time [s]: (…, 6)
    start: np.ndarray  # (7,) first pose: position, quaternion xyzw
    duration: float  # [s]
    step: float  # [s] between the points of a chunk
    points: int  # of a chunk

    @property
    def horizon(self) -> float:
        """Return how far a chunk looks ahead [s]."""
        return self.step * self.points

    def poses(self, times: np.ndarray) -> np.ndarray:
        """Return poses (K, 7) at times (K,) [s]; the ends are held."""
        values = self.spline(np.clip(times, 0.0, self.duration))
        turns = Rotation.from_rotvec(values[:, 3:]) * Rotation.from_quat(self.start[3:])
        return np.hstack([values[:, :3], turns.as_quat()])

    def jerk(self, times: np.ndarray) -> np.ndarray:
        """Return |jerk| (K,) [m/s³] of the position at times (K,) [s]; none outside the path."""
        inside = (times > 0.0) & (times < self.duration)
        return np.linalg.norm(self.spline(np.clip(times, 0.0, self.duration), nu=3)[:, :3], axis=1) * inside

    @cached_property
    def table(self) -> np.ndarray:
        """Return positions every TABLE_S (M, 3) [m]."""
        return self.poses(np.arange(0.0, self.duration + TABLE_S, TABLE_S))[:, :3]

    @cached_property
    def done(self) -> float:
        """Return the time [s] from which the path stays within NEAR_END of its last point."""
        far = np.flatnonzero(np.linalg.norm(self.table - self.table[-1], axis=1) > NEAR_END)
        return TABLE_S * (far[-1] + 1)


def minimum_jerk(share: np.ndarray) -> np.ndarray:
    """Return the way made after a share of the time, from rest to rest with the least jerk (Flash and Hogan 1985)."""
    u = np.clip(share, 0.0, 1.0)
    return u**3 * (10.0 - 15.0 * u + 6.0 * u * u)


def figure_eight(start: np.ndarray, frequency: float, loops: int, step: float, points: int) -> IdealPath:
    """Return an eight 0.2 m wide in the plane of y and z, nodding by 0.15 rad, begun and ended gently in 1 s."""
    cruise = loops / frequency
    t = np.arange(0.0, cruise + 1.0 + KNOT_S / 2, KNOT_S)
    rate = minimum_jerk(t) * minimum_jerk(cruise + 1.0 - t)
    phase = np.concatenate([[0.0], np.cumsum(0.5 * (rate[1:] + rate[:-1])) * KNOT_S])
    phase *= 2.0 * np.pi * loops / phase[-1]
    values = np.zeros((len(t), 6))
    values[:, :3] = start[:3]
    values[:, 1] += 0.1 * np.sin(phase)
    values[:, 2] += 0.05 * np.sin(2.0 * phase)
    values[:, 3] = 0.15 * np.sin(phase)
    return _through(f"eight {frequency:g} Hz", t, values, start, step, points)


def pick_and_place(start: np.ndarray, step: float, points: int) -> IdealPath:
    """Return a pick and a place of minimum-jerk moves, with 0.3 s for the fingers at both ends."""
    up, side, yaw = np.array([0.0, 0.0, 0.14, 0.0, 0.0, 0.0]), np.array([0.06, -0.32, 0.0]), np.array([0.0, 0.0, 0.7])
    home = np.concatenate([start[:3], np.zeros(3)])
    pick = home + np.array([0.14, 0.14, -0.26, 0.0, 0.0, 0.35])
    place = pick + np.concatenate([side, -yaw])
    legs = ((pick + up, 1.2), (pick, 0.8), (pick, 0.3), (pick + up, 0.8), (place + up, 1.4), (place, 0.8),
            (place, 0.3), (place + up, 0.8))  # fmt: skip
    ends = np.cumsum([0.0] + [seconds for _, seconds in legs])
    t = np.arange(0.0, ends[-1] + KNOT_S / 2, KNOT_S)
    values = np.tile(home, (len(t), 1))
    way = home
    for (goal, seconds), began in zip(legs, ends[:-1], strict=True):
        values += minimum_jerk((t - began) / seconds)[:, None] * (goal - way)
        way = goal
    return _through("pick and place", t, values, start, step, points)


def reach(start: np.ndarray, step: float, points: int) -> IdealPath:
    """Return one minimum-jerk move of 0.2 m in 1.5 s."""
    t = np.arange(0.0, 1.5 + KNOT_S / 2, KNOT_S)
    values = np.tile(np.concatenate([start[:3], np.zeros(3)]), (len(t), 1))
    values += minimum_jerk(t / 1.5)[:, None] * np.array([0.1, 0.1, -0.14, 0.0, 0.0, 0.3])
    return _through("reach", t, values, start, step, points)


def walked(start: np.ndarray, step: float, points: int) -> IdealPath:
    """Return what the geometric policy's own motion does at 10 Hz: funnel to a grasp, close, lift, carry, lower."""
    period, config = 0.1, MotionConfig()
    walker = Walker(config)
    T = _matrix(start)
    T_grasp = T.copy()
    T_grasp[:3, 3] += (0.16, 0.12, -0.28)
    T_grasp[:3, :3] = Rotation.from_rotvec([0.0, 0.0, 0.6]).as_matrix() @ T[:3, :3]
    T_lift, T_carry, T_lower = T_grasp.copy(), T_grasp.copy(), T_grasp.copy()
    T_lift[2, 3] += 0.15
    T_carry[:3, 3] += (0.02, -0.28, 0.15)
    T_lower[:3, 3] += (0.02, -0.28, 0.02)
    poses = [T]
    for step_to in (
        lambda T: walker.approach(T, T_grasp, 0.15, period),
        lambda T: T.copy(),
        lambda T: walker.straight(T, T_lift, config.lift_speed, period),
        lambda T: walker.straight(T, T_carry, config.speed, period),
        lambda T: walker.straight(T, T_lower, config.lift_speed, period),
    ):
        poses += _until_there(poses[-1], step_to)
        walker.halt()
    values = np.array([np.concatenate([T[:3, 3], Rotation.from_matrix(T[:3, :3]).as_quat()]) for T in poses])
    return recorded("geometric policy", period * np.arange(len(values)), values, step, points)


def recorded(name: str, times: np.ndarray, poses: np.ndarray, step: float, points: int) -> IdealPath:
    """Return the path through recorded tool poses (K, 7) at times (K,) [s], after 0.3 s at rest at both ends."""
    rest = np.array([0.1, 0.2, 0.3])
    times = np.concatenate([[0.0, 0.1, 0.2], times - times[0] + 0.3, times[-1] - times[0] + 0.3 + rest])
    poses = np.vstack([poses[[0, 0, 0]], poses, poses[[-1, -1, -1]]])
    turns = Rotation.from_quat(poses[:, 3:]) * Rotation.from_quat(poses[0, 3:]).inv()
    return _through(name, times, np.hstack([poses[:, :3], turns.as_rotvec()]), poses[0], step, points)


def read_recording(file: str, step: float, points: int) -> IdealPath:
    """Read tool poses from a CSV file: time [s], x, y, z [m], qx, qy, qz, qw in the base frame; a line of headings.

    Raises ConfigError when it does not hold that.
    """
    try:
        table = np.loadtxt(file, delimiter=",", skiprows=1, ndmin=2)
    except (OSError, ValueError) as error:
        raise ConfigError(f"--recording {file}: {error}") from error
    if table.shape[1:] != (8,) or len(table) < 6 or (np.diff(table[:, 0]) <= 0.0).any() or not np.isfinite(table).all():
        raise ConfigError(
            f"--recording {file}: needs 8 columns (time, x, y, z, qx, qy, qz, qw), 6 rows or more, times that increase"
        )
    return recorded(Path(file).stem, table[:, 0], table[:, 1:], step, points)


def _through(
    name: str, times: np.ndarray, values: np.ndarray, start: np.ndarray, step: float, points: int
) -> IdealPath:
    rest = [(1, np.zeros(6)), (2, np.zeros(6))]  # velocity and acceleration at both ends
    spline = make_interp_spline(times, values, k=5, bc_type=(rest, rest))
    return IdealPath(name, spline, np.array(start, float), float(times[-1]), step, points)


def _until_there(T: np.ndarray, step_to: Callable[[np.ndarray], np.ndarray]) -> list[np.ndarray]:
    """Return the poses that follow T until nothing moves for 0.3 s: the time fingers need, too."""
    poses, still = [T], 0
    while still < 3 and len(poses) < 100:
        poses.append(step_to(poses[-1]))
        still = still + 1 if np.abs(poses[-1] - poses[-2]).max() < 1e-4 else 0
    return poses[1:]


def _matrix(pose: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, 3], T[:3, :3] = pose[:3], Rotation.from_quat(pose[3:]).as_matrix()
    return T

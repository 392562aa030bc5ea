# SPDX-License-Identifier: Apache-2.0
"""The scripted expert's motion: one smooth curve into the grasp, close, lift. Pure geometry, a pose an action.

GraspVLA, section 3: no stop at a pre-grasp pose, which imitation would learn as hesitation; the curve itself bends
into the approach direction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
from scipy.spatial.transform import Rotation, Slerp


class MotionPhase(Enum):
    """What an action is for."""

    APPROACH = "approach"
    ARRIVE = "arrive"  # at the grasp, fingers still open: the controller's lag dies out
    CLOSE = "close"
    LIFT = "lift"
    RELEASE = "release"  # open where the fingers are
    RETREAT = "retreat"  # back out along the approach
    CARRY = "carry"  # up and across with what is held
    LOWER = "lower"  # down to where it is let go
    PULL = "pull"  # along a joint, its handle between the fingers
    PUSH = "push"  # along a joint, with the closed fingers


@dataclass(frozen=True, eq=False)
class Step:
    """One action: where the tool should be and how wide the gripper, one period after the previous one."""

    T_base_ee: np.ndarray  # (4, 4)
    width: float  # [m]
    phase: MotionPhase


@dataclass(frozen=True)
class ExpertMotionConfig:
    """Speeds and distances of the expert."""

    period: float = 0.1  # [s] between actions
    speed: float = 0.32  # [m/s] at the fastest point of the curve
    turn_rate: float = 1.2  # [rad/s] at the fastest point
    # Ways in, tried in this order: how far from the run-in [m] the curve begins to bend into it, and how far it swings
    # out from the base [m] before. Near the base a folded arm cannot come straight down.
    ways: tuple[tuple[float, float], ...] = ((0.10, 0.0), (0.05, 0.15), (0.04, 0.35))
    turned_at: float = 0.75  # share of the way after which the tool no longer turns
    arrive_s: float = 0.2  # [s]
    close_s: float = 0.4  # [s] to build up force once the fingers touch
    gripper_speed: float = 0.1  # [m/s] of the width
    lift_m: float = 0.20  # [m]
    lift_speed: float = 0.25  # [m/s] at the fastest point
    retreat_m: float = 0.10  # [m]


def approach(
    T_start: np.ndarray, T_grasp: np.ndarray, opening: float, run_in: float, config: ExpertMotionConfig, way: int = 0
) -> list[Step]:
    """Return the way from start to grasp: a cubic Bezier that runs into a straight last stretch of `run_in` [m]."""
    start, end, axis = T_start[:3, 3], T_grasp[:3, 3], T_grasp[:3, 2]
    run_in = min(run_in, 0.6 * float(np.linalg.norm(end - start)))
    entry = end - run_in * axis
    bend_at, swing = config.ways[way]
    bend = entry - min(bend_at, 0.6 * float(np.linalg.norm(entry - start))) * axis
    outwards = end * (1.0, 1.0, 0.0) / max(float(np.hypot(end[0], end[1])), 1e-6)
    curve = _bezier(np.array([start, start + 0.35 * (bend - start) + swing * outwards, bend, entry]))
    points = _even(np.vstack([curve, end]))
    length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
    turn = Rotation.from_matrix([T_start[:3, :3], T_grasp[:3, :3]])
    angle = float((turn[0].inv() * turn[1]).magnitude())
    # A minimum-jerk profile is fastest in its middle, at 1.875 of its mean.
    seconds = 1.875 * max(length / config.speed, angle / config.turn_rate / config.turned_at)
    fractions = minimum_jerk(seconds, config.period)
    positions = np.array([np.interp(fractions, np.linspace(0, 1, len(points)), points[:, i]) for i in range(3)]).T
    rotations = Slerp([0.0, 1.0], turn)(np.minimum(fractions / config.turned_at, 1.0)).as_matrix()
    return [Step(_pose(R, p), opening, MotionPhase.APPROACH) for R, p in zip(rotations, positions, strict=True)]


def close(T_grasp: np.ndarray, opening: float, width: float, config: ExpertMotionConfig) -> list[Step]:
    """Return a moment to arrive, then the closing of the gripper onto something `width` [m] wide."""
    arrive = max(1, round(config.arrive_s / config.period))
    closing = (opening - width) / config.gripper_speed + config.close_s
    steps = [Step(T_grasp, opening, MotionPhase.ARRIVE)] * arrive
    return steps + [Step(T_grasp, 0.0, MotionPhase.CLOSE)] * math.ceil(closing / config.period)


def lift(T_grasp: np.ndarray, config: ExpertMotionConfig) -> list[Step]:
    """Return the way straight up with closed fingers."""
    top = T_grasp.copy()
    top[2, 3] += config.lift_m
    return straight(T_grasp, top, 0.0, MotionPhase.LIFT, config.lift_speed, config)


def retreat(T_here: np.ndarray, opening: float, config: ExpertMotionConfig) -> list[Step]:
    """Return the opening of the gripper and the way back along the tool's axis."""
    back = T_here.copy()
    back[:3, 3] -= config.retreat_m * T_here[:3, 2]
    opened = [Step(T_here, opening, MotionPhase.RELEASE)] * math.ceil(
        0.5 * opening / config.gripper_speed / config.period
    )
    return opened + straight(T_here, back, opening, MotionPhase.RETREAT, config.lift_speed, config)


def straight(
    T_start: np.ndarray, T_end: np.ndarray, width: float, phase: MotionPhase, speed: float, config: ExpertMotionConfig
) -> list[Step]:
    """Return a straight line at constant orientation with a minimum-jerk profile, at most `speed` [m/s]."""
    way = T_end[:3, 3] - T_start[:3, 3]
    fractions = minimum_jerk(1.875 * float(np.linalg.norm(way)) / speed, config.period)
    return [Step(_pose(T_end[:3, :3], T_start[:3, 3] + f * way), width, phase) for f in fractions]


def minimum_jerk(seconds: float, period: float) -> np.ndarray:
    """Return the fraction of the way, 0 < f <= 1, at every period (Flash and Hogan 1985)."""
    count = max(1, math.ceil(seconds / period - 1e-9))
    t = np.arange(1, count + 1) / count
    return t**3 * (10.0 - 15.0 * t + 6.0 * t**2)


def _bezier(control: np.ndarray, samples: int = 100) -> np.ndarray:
    t = np.linspace(0.0, 1.0, samples)[:, None]
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return sum(w * p for w, p in zip(weights, control, strict=True))


def _even(points: np.ndarray) -> np.ndarray:
    """Resample a curve at equal arc lengths, densely enough that straight pieces stay straight."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    wanted = np.linspace(0.0, along[-1], 4 * len(points))
    return np.array([np.interp(wanted, along, points[:, i]) for i in range(3)]).T


def _pose(rotation: np.ndarray, position: np.ndarray) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = rotation, position
    return T

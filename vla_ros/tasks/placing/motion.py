# SPDX-License-Identifier: Apache-2.0
"""The expert's way with something in its hand: up, across while it turns, straight down; then open and leave."""

from __future__ import annotations

import math

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, minimum_jerk, retreat, straight

DOWN_SPEED = 0.12  # [m/s] at the fastest point: what is lowered fast bounces
SETTLE_S = 0.3  # [s] between arriving and letting go


def carry(
    T_start: np.ndarray, T_place: np.ndarray, height: float, width: float, config: ExpertMotionConfig
) -> list[Step]:
    """Return the way from start to place (4, 4), crossing at a tool height [m]; `width` [m] of the fingers."""
    T_up, T_over = T_start.copy(), T_place.copy()
    T_up[2, 3] = T_over[2, 3] = max(height, T_place[2, 3])
    steps: list[Step] = []
    if T_up[2, 3] - T_start[2, 3] > 0.005:
        steps += straight(T_start, T_up, width, MotionPhase.CARRY, config.lift_speed, config)
    else:
        T_up[2, 3] = T_start[2, 3]
    steps += across(T_up, T_over, width, config)
    return steps + lower(T_over, T_place, width, config)


def lower(T_over: np.ndarray, T_place: np.ndarray, width: float, config: ExpertMotionConfig) -> list[Step]:
    """Return the way straight down from over a place (4, 4), and a moment to come to rest."""
    steps = straight(T_over, T_place, width, MotionPhase.LOWER, DOWN_SPEED, config)
    return steps + [Step(T_place, width, MotionPhase.LOWER)] * math.ceil(SETTLE_S / config.period)


def let_go(T_place: np.ndarray, opening: float, width_max: float, config: ExpertMotionConfig) -> list[Step]:
    """Return the opening of the hand as far as there is room [m], the way back, and the full opening [m]."""
    steps = retreat(T_place, opening, config)
    return steps + [Step(steps[-1].T_base_ee, width_max, MotionPhase.RETREAT)] * 3


def across(T_start: np.ndarray, T_end: np.ndarray, width: float, config: ExpertMotionConfig) -> list[Step]:
    """Return the straight way from start to end (4, 4), turning all along; `width` [m] of the fingers."""
    way = T_end[:3, 3] - T_start[:3, 3]
    turn = Rotation.from_matrix([T_start[:3, :3], T_end[:3, :3]])
    angle = float((turn[0].inv() * turn[1]).magnitude())
    # A minimum-jerk profile is fastest in its middle, at 1.875 of its mean.
    seconds = 1.875 * max(float(np.linalg.norm(way)) / config.lift_speed, angle / config.turn_rate)
    steps = []
    for fraction in minimum_jerk(seconds, config.period):
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = Slerp([0.0, 1.0], turn)(fraction).as_matrix(), T_start[:3, 3] + fraction * way
        steps.append(Step(T, width, MotionPhase.CARRY))
    return steps

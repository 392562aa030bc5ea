# SPDX-License-Identifier: Apache-2.0
"""The expert's ways with a drawer: take the handle and pull; push with closed fingers; leave. Pure geometry."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, approach, close, retreat, straight

SPEED = 0.12  # [m/s] of a pull and a push at the fastest point
RUN_IN = 0.06  # [m] the straight last stretch to a handle
BACK = 0.06  # [m] straight back from a drawer that was pushed closed


def tool_at(point: np.ndarray, outward: np.ndarray, pitch: float, flipped: bool) -> np.ndarray:
    """Return the tool (4, 4) at a point (3,) [m] before a front that looks `outward` (3,), fingers closing across it.

    `pitch` [rad]: 0 points straight down, π/2 straight at the front. `flipped`: turned by half a turn about its axis.
    """
    down = np.array([0.0, 0.0, -1.0])
    z = np.cos(pitch) * down - np.sin(pitch) * outward
    y = np.cross(down, outward) * (-1.0 if flipped else 1.0)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = np.column_stack([np.cross(y, z), y, z]), point
    return T


def shifted(T: np.ndarray, way: np.ndarray) -> np.ndarray:
    """Return a pose (4, 4) moved by `way` (3,) [m], base frame."""
    moved = T.copy()
    moved[:3, 3] += way
    return moved


def pull(
    T_start: np.ndarray,
    T_hold: np.ndarray,
    way: np.ndarray,
    opening: float,
    thickness: float,
    config: ExpertMotionConfig,
    which: int,
) -> list[Step]:
    """Return the way to a handle, along `way` (3,) [m] with it, and off it; `thickness` [m] of the handle.

    `which`: of the configuration's ways in.
    """
    T_end = shifted(T_hold, way)
    steps = approach(T_start, T_hold, opening, RUN_IN, config, which)
    steps += close(T_hold, opening, thickness, config)
    steps += straight(T_hold, T_end, 0.0, MotionPhase.PULL, SPEED, config)
    return steps + retreat(T_end, opening, config)


def push(
    T_start: np.ndarray, T_before: np.ndarray, way: np.ndarray, config: ExpertMotionConfig, which: int
) -> list[Step]:
    """Return the way to before a handle, fingers closed, and along `way` (3,) [m] against it."""
    steps = approach(T_start, T_before, 0.0, RUN_IN, config, which)
    return steps + straight(T_before, shifted(T_before, way), 0.0, MotionPhase.PUSH, SPEED, config)


def leave(T_here: np.ndarray, outward: np.ndarray, width_max: float, config: ExpertMotionConfig) -> list[Step]:
    """Return the way back from a front, straight out and then up, where the hand opens [m]."""
    T_back = shifted(T_here, BACK * outward)
    T_up = shifted(T_back, np.array([0.0, 0.0, config.retreat_m]))
    steps = straight(T_here, T_back, 0.0, MotionPhase.RETREAT, SPEED, config)
    steps += straight(T_back, T_up, 0.0, MotionPhase.RETREAT, config.lift_speed, config)
    return [*steps, dataclasses.replace(steps[-1], width=width_max)]

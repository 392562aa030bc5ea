# SPDX-License-Identifier: Apache-2.0
"""The simpler ways to join a chunk: fade from the old motion to the new one, or replace the old one outright.

Both begin with the motion that the chunk alone asks for, from its own state at the entry. `replace` plays that and
leaves the step at the transition to the filter behind; `blend` fades it in over the old motion, which makes it as
continuous as a stitch, but follows two plans at once while they disagree.
"""

from __future__ import annotations

import numpy as np

from controllers.chunks.spline import Spline, basis_row, start_control_points

BLEND_STEP_S = 0.025  # [s] between the knots of a blended motion
SEGMENTS_MAX = 128
# Largest speed and acceleration of the cascaded filter after a unit step, times its delay and its delay squared:
# 3 · 2 e⁻² and 9 · (2 − √2)(1 − (2 − √2)/2) e^(√2 − 2)
STEP_SPEED, STEP_ACCELERATION = 0.812, 2.075


def own_state(times: np.ndarray, points: np.ndarray, entry: float) -> np.ndarray:
    """Return value, velocity and no acceleration (3, C) of the polyline `points` (K, C) at `entry` [s]."""
    state = np.zeros((3, points.shape[1]))
    if len(times) == 1:
        state[0] = points[0]
        return state
    k = int(np.clip(np.searchsorted(times, entry, side="right") - 1, 0, len(times) - 2))
    slope = (points[k + 1] - points[k]) / (times[k + 1] - times[k])
    inside = min(max(entry, times[0]), times[-1])
    state[0] = points[k] + (inside - times[k]) * slope
    state[1] = slope if entry < times[-1] else 0.0
    return state


def fade(old: Spline, begin: float, new: Spline, start: np.ndarray, duration: float) -> Spline:
    """Fade from `old`, at `begin` [s] of its time, to `new`, at its start, within `duration` [s].

    `start` (3, C) is the state of `old` at `begin`. The share of the new motion is 10u³ − 15u⁴ + 6u⁵, whose first two
    derivatives vanish at both ends.
    """
    whole = new.duration
    segments = int(np.clip(np.ceil(whole / BLEND_STEP_S), 6, SEGMENTS_MAX))
    times = np.linspace(0.0, whole, 2 * segments + 1)[1:]
    u = np.clip(times / min(duration, whole), 0.0, 1.0)[:, None]
    share = u**3 * (10.0 - 15.0 * u + 6.0 * u * u)
    points = (1.0 - share) * _values(old, begin + times) + share * _values(new, times)
    step = whole / segments
    control_points = np.zeros((segments + 3, points.shape[1]))
    control_points[:3] = start_control_points(start, step)
    control_points[segments:] = points[-1]
    rows = basis_row(times, step, segments)
    free = slice(3, segments)
    missing = points - rows @ control_points
    control_points[free] = np.linalg.lstsq(rows[:, free], missing, rcond=None)[0]
    return Spline(control_points, whole)


def remembered(
    points: np.ndarray, times: np.ndarray, old: Spline, begin: float, overlap: float, share: float, scale: np.ndarray
) -> np.ndarray:
    """Return `points` (K, C) at `times` (K,) [s] after the transition, drawn towards what `old` has for the same time.

    Chunks of one policy scatter about what it means; their mean scatters less (LeRobot and ACT average likewise).
    The `share` fades out over the `overlap` [s], and where the two differ by more than a scatter, `scale` (C,): that is
    a policy that has changed its mind.
    """
    if overlap <= 0.0:
        return points
    apart = _values(old, begin + times) - points
    weight = share * np.maximum(0.0, 1.0 - times / overlap) / (1.0 + ((apart / scale) ** 2).sum(axis=1))
    return points + weight[:, None] * apart


def step_fits(gap: np.ndarray, delay: float, speed: np.ndarray, acceleration: np.ndarray) -> bool:
    """Say whether the filter turns a step of `gap` (C,) into a motion within `speed` and `acceleration` (C,)."""
    size = np.abs(gap)
    fast = STEP_SPEED * size > speed * delay
    sudden = STEP_ACCELERATION * size > acceleration * delay**2
    return not bool((fast | sudden).any())


def _values(spline: Spline, times: np.ndarray) -> np.ndarray:
    return basis_row(times, spline.step, spline.segments) @ spline.control_points

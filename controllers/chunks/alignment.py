# SPDX-License-Identifier: Apache-2.0
"""Positional interpolation (GraspVLA, appendix L): where along a new chunk the arm already is.

Time alignment trusts the clock: a chunk computed from what was seen 0.2 s ago is entered 0.2 s in. Progress
alignment asks the path: it searches a window around that delay for the point nearest to the motion being
commanded, so that a slowed, blocked or early arm is neither jerked forward nor sent back.
"""

from __future__ import annotations

import numpy as np

SAMPLES_MAX = 200
VELOCITY_WEIGHT_S = 0.05  # [s] tells the two ways of a reversing path apart
# The clock is right to about CLOCK_SPREAD_S, or it knows nothing: within that it is worth CLOCK_WEIGHT [units/s] of
# distance, so that what chunks disagree about along the path does not shift the entry to and fro; beyond it the path
# decides. In a dwell, where every point is equally near, the clock alone does.
CLOCK_WEIGHT, CLOCK_SPREAD_S = 0.16, 0.05


def align(
    times: np.ndarray,
    points: np.ndarray,
    weights: np.ndarray,
    value: np.ndarray,
    velocity: np.ndarray,
    expected: float,
    window: float,
) -> float:
    """Return the chunk time [s] whose point on the polyline fits the motion `value`, `velocity` (C,) best.

    `times` (K,) and `points` (K, C) are the path, `weights` (C,) bring its channels to one unit, `expected` [s]
    is where the clock says the motion is, `window` [s] how far from there is searched.
    """
    low, high = max(times[0], expected - window), min(times[-1], expected + window)
    if high <= low:
        return float(np.clip(expected, times[0], times[-1]))
    s = np.linspace(low, high, SAMPLES_MAX)
    s[int(np.clip(round((expected - low) / (high - low) * (SAMPLES_MAX - 1)), 0, SAMPLES_MAX - 1))] = np.clip(
        expected, low, high
    )
    k = np.clip(np.searchsorted(times, s, side="right") - 1, 0, len(times) - 2)
    span = times[k + 1] - times[k]
    u = ((s - times[k]) / span)[:, None]
    rise = points[k + 1] - points[k]
    miss = (points[k] + u * rise - value) * weights
    turn = (rise / span[:, None] - velocity) * weights * VELOCITY_WEIGHT_S
    late = (s - expected) / CLOCK_SPREAD_S
    clock = (CLOCK_WEIGHT * CLOCK_SPREAD_S) ** 2 * late**2 / (1.0 + late**2)
    cost = (miss**2).sum(axis=1) + (turn**2).sum(axis=1) + clock
    return float(s[np.argmin(cost)])

# SPDX-License-Identifier: Apache-2.0
"""Join a chunk's points to the motion being commanded with as little jerk as the points allow (GR-3, section 4).

A uniform cubic B-spline starts with exactly the commanded position, velocity and acceleration, ends at rest in
the last point, and minimises   λ ∫ jerk² dt + Σ wᵢ |p(tᵢ) − pᵢ|²   in between. The weights wᵢ rise over the
blend time: near the transition the old motion's momentum counts, later the new chunk's points do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from controllers.chunks.spline import Spline, basis_row, start_control_points

SEGMENTS_MAX = 64
BRAKE_SEGMENTS = 6
ATTEMPTS = 6
EASE, EASE_MAX_S = 1.5, 0.8  # a join that is too fast is given this much more time, up to so long [s]
START_ALLOWANCE = 1.2  # joining a curve from a fast start may need this much of its speed and acceleration


def stitch(
    start: np.ndarray,
    times: np.ndarray,
    points: np.ndarray,
    duration: float,
    *,
    spacing: float,
    blend: float,
    smoothing: float,
) -> Spline:
    """Plan from `start` = value, velocity, acceleration (3, C) through `points` (K, C) at `times` (K,) [s] to rest.

    The last point is reached, at rest, at `duration` [s]; its own entry in `times` is not used. `spacing` [s] is
    the chunk's step.
    """
    return _Join(times, points, duration, spacing, smoothing).plan(start, blend)


class _Join:
    """One chunk's part of the problem, which all attempts at joining it share.

    Stretched, with the blend stretched along, a chunk has the same rows, weights and jerk matrix: only where the
    start's velocity and acceleration put the first control points differs.
    """

    def __init__(
        self, times: np.ndarray, points: np.ndarray, duration: float, spacing: float, smoothing: float
    ) -> None:
        self._segments = segments = int(np.clip(np.ceil(2.0 * duration / spacing), 5, SEGMENTS_MAX))
        self._duration, self._points, self._inner = duration, points, times[:-1]
        step = duration / segments
        self._free = slice(3, segments)
        self._jerk = smoothing * (spacing / step) ** 5 * _jerk_matrix(segments)
        self._rows = basis_row(self._inner, step, segments)
        self._blend = -1.0
        self._normal = self._drawn = self._jerk  # of the last blend

    def plan(self, start: np.ndarray, blend: float, stretch: float = 1.0) -> Spline:
        """Return the plan from `start` (3, C) with the points' weights rising over `blend` [s], all of it stretched."""
        if blend != self._blend:
            self._weigh(blend)
        segments, free = self._segments, self._free
        duration = self._duration * stretch
        control_points = np.zeros((segments + 3, self._points.shape[1]))
        control_points[:3] = start_control_points(start, duration / segments)
        control_points[segments:] = self._points[-1]
        right = self._drawn - self._normal[free] @ control_points
        control_points[free] = np.linalg.solve(self._normal[free, free], right)
        return Spline(control_points, duration)

    def _weigh(self, blend: float) -> None:
        inner = self._inner
        # Jerk against deviation passes frequencies up to weight^(1/6): the sixth power lets them rise evenly with time.
        weights = np.clip(inner / blend, 0.05, 1.0) ** 6 if blend > 0.0 else np.ones_like(inner)
        weighted = self._rows.T * weights
        self._normal = self._jerk + weighted @ self._rows
        self._drawn = weighted[self._free] @ self._points[:-1]
        self._blend = blend


@lru_cache(maxsize=SEGMENTS_MAX)
def _jerk_matrix(segments: int) -> np.ndarray:
    """Return the matrix (n + 3, n + 3) of the summed squares of n segments' third differences; not to be written."""
    third = np.diff(np.eye(segments + 3), 3, axis=0)
    return third.T @ third


def brake(start: np.ndarray, duration: float) -> Spline:
    """Come to rest from `start` (3, C) in `duration` [s] with the least jerk, wherever that ends."""
    position, velocity, acceleration = start
    end = position + velocity * duration / 2.0 + acceleration * duration**2 / 12.0
    step = duration / BRAKE_SEGMENTS
    control_points = np.empty((BRAKE_SEGMENTS + 3, len(position)))
    control_points[:3] = start_control_points(start, step)
    control_points[BRAKE_SEGMENTS:] = end
    normal = _jerk_matrix(BRAKE_SEGMENTS)
    free = slice(3, BRAKE_SEGMENTS)
    fixed = control_points.copy()
    fixed[free] = 0.0
    control_points[free] = np.linalg.solve(normal[free, free], -normal[free] @ fixed)
    return Spline(control_points, duration)


@dataclass(frozen=True, eq=False)
class MotionBounds:
    """How fast a path of C channels may be."""

    speed: np.ndarray  # (C,) [1/s]
    acceleration: np.ndarray  # (C,) [1/s²]
    joint_rates: np.ndarray | None = None  # (N, C) joint speeds, as shares of what is allowed, for unit velocities

    def excess(self, spline: Spline) -> float:
        """Return by which factor `spline` would have to be slower; at most 1 when it is slow enough.

        What it starts with counts as allowed: a motion already too fast cannot be undone by planning slower.
        """
        velocities, accelerations = spline.peaks()
        velocity, acceleration = np.abs(velocities[0]), np.abs(accelerations[0])
        ratio = max(
            float((np.abs(velocities) / np.maximum(self.speed, START_ALLOWANCE * velocity)).max()),
            float((np.abs(accelerations) / np.maximum(self.acceleration, START_ALLOWANCE * acceleration)).max()) ** 0.5,
        )
        if self.joint_rates is not None:
            shares = np.abs(velocities @ self.joint_rates.T)
            ratio = max(ratio, float((shares / np.maximum(1.0, START_ALLOWANCE * shares[0])).max()))
        return ratio


def side_by_side_bounds(bounds: Sequence[MotionBounds]) -> MotionBounds:
    """Return the bounds of paths whose columns lie one after the other."""
    if len(bounds) == 1:
        return bounds[0]
    sizes = [len(one.speed) for one in bounds]
    rows, first = [], 0
    for one, size in zip(bounds, sizes, strict=True):
        if one.joint_rates is not None:
            wide = np.zeros((len(one.joint_rates), sum(sizes)))
            wide[:, first : first + size] = one.joint_rates
            rows.append(wide)
        first += size
    return MotionBounds(
        np.concatenate([one.speed for one in bounds]),
        np.concatenate([one.acceleration for one in bounds]),
        np.vstack(rows) if rows else None,
    )


def stitch_within(
    start: np.ndarray,
    times: np.ndarray,
    points: np.ndarray,
    duration: float,
    bounds: MotionBounds,
    *,
    spacing: float,
    blend: float,
    smoothing: float,
) -> tuple[Spline, float]:
    """Plan as `stitch` until `bounds` hold: with more time for the join, then slower; return plan and stretch ≥ 1."""
    join = _Join(times, points, duration, spacing, smoothing)
    eased = blend
    best, best_stretch = join.plan(start, blend), 1.0
    least = bounds.excess(best)
    # A step between two chunks must not slow what follows it: only its own join takes longer.
    while least > 1.02 and 0.0 < blend < min(EASE_MAX_S, 0.5 * duration):
        blend *= EASE
        spline = join.plan(start, blend)
        excess = bounds.excess(spline)
        if excess < 0.98 * least:
            best, least, eased = spline, excess, blend
    stretch, excess = 1.0, least
    for _ in range(ATTEMPTS):
        if excess <= 1.02:
            break
        stretch *= min(max(excess, 1.1), 2.0)
        spline = join.plan(start, eased, stretch)
        excess = bounds.excess(spline)
        # Where the start is what is too fast, slower does not help: keep the quickest plan.
        if excess < 0.98 * least:
            best, best_stretch, least = spline, stretch, excess
    return best, best_stretch

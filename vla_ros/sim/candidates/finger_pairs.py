# SPDX-License-Identifier: Apache-2.0
"""Pairs of opposite points on objects, between which two fingers could close. Shape legend: P pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.grasping.solid_union import cross_union, sample_surface

_POINTS = 200  # of an object's surface that are tried
_SLANT = 0.3  # tangent of the angle to the normal, at most: within the cone of most that is picked
_STEEPEST = 0.5  # vertical part of the way that fingers close, at most
_THIN = 0.002  # [m] less is no pair: two faces that meet


@dataclass(frozen=True, eq=False)
class FingerPairs:
    """Where a line enters an object and leaves it."""

    middles: np.ndarray  # (P, 3) [m]
    closing: np.ndarray  # (P, 3) unit, from the first point to the second
    widths: np.ndarray  # (P,) [m] between them
    objects: np.ndarray  # (P,) index
    below: np.ndarray  # (P,) [m] that the middles are below what is seen from above there
    covered: np.ndarray  # (P,) bool: something else lies over them

    def draw(self, count: int, rng: np.random.Generator, weight: np.ndarray) -> np.ndarray:
        """Draw indices (count,) by weights (P,), as much of one object as of another."""
        totals = np.bincount(self.objects, weight)
        share = weight / np.maximum(totals[self.objects], 1e-12)
        return rng.choice(len(weight), count, p=share / share.sum())


def finger_pairs(still: StillScene, rng: np.random.Generator, among: Sequence[int] | None = None) -> FingerPairs:
    """Cast lines through all objects, or those `among` (indices), about along their normals and rather level."""
    found: list[tuple[np.ndarray, ...]] = []
    for index in range(len(still.names)) if among is None else sorted({int(one) for one in among}):
        solids = still.solids(index)
        surface = sample_surface(solids, _POINTS, rng)
        slant = np.cross(surface.normals, rng.normal(size=surface.normals.shape))
        slant *= (_SLANT * np.sqrt(rng.uniform(size=(len(slant), 1)))) / np.linalg.norm(slant, axis=1, keepdims=True)
        straight = rng.uniform(size=(len(slant), 1)) < 0.5
        closing = -surface.normals + np.where(straight, 0.0, slant)
        closing /= np.linalg.norm(closing, axis=1, keepdims=True)
        level = np.abs(closing[:, 2]) <= _STEEPEST
        starts, closing = surface.points[level], closing[level]
        material = cross_union(solids, starts, closing, start=0.0, pieces=2)
        # The first piece is the wall under the point (a mug's), the second ends at the far side of something hollow.
        for ends in material.t_out:
            pair = np.isfinite(ends) & (ends > _THIN)
            middles = starts[pair] + 0.5 * ends[pair, None] * closing[pair]
            found.append((middles, closing[pair], ends[pair], np.full(pair.sum(), index)))
    if not found:
        nowhere = np.empty((0, 3))
        return FingerPairs(nowhere, nowhere, *(np.empty(0, kind) for kind in (float, int, float, bool)))
    middles, closings, widths, objects = (np.concatenate(column) for column in zip(*found, strict=True))
    above = still.cast(middles, np.array([0.0, 0.0, -1.0]))
    below = np.where(np.isfinite(above.distance), -above.distance, 0.0)
    return FingerPairs(middles, closings, widths, objects, np.maximum(below, 0.0), above.objects != objects)

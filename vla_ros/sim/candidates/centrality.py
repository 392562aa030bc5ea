# SPDX-License-Identifier: Apache-2.0
"""How near to an object's middle it is taken: 1 at the centre of mass, 0 at its outline."""

from __future__ import annotations

import numpy as np

from vla_ros.sim.candidates.still_scene import StillScene

_SHORT = 1e-4  # [m] from the centre: at it


def centre_proximity(
    still: StillScene, points: np.ndarray, objects: np.ndarray, axes: np.ndarray | None = None
) -> np.ndarray:
    """Return (N,) 1 less the distance of points (N, 3) from the centres of mass, over how far the objects reach there.

    With `axes` (N, 3), unit vectors, what counts is the distance across these: the lever by which a weight bends.
    """
    aside = points - still.centers[objects]
    if axes is not None:
        aside = aside - (aside * axes).sum(axis=1)[:, None] * axes
    distance = np.linalg.norm(aside, axis=1)
    along = aside / np.maximum(distance, _SHORT)[:, None]
    reach = np.empty(len(points))
    for index in np.unique(objects):
        rows = objects == index
        reach[rows] = ((still.surfaces[index] - still.centers[index]) @ along[rows].T).max(axis=0)
    return np.where(distance < _SHORT, 1.0, np.clip(1.0 - distance / np.maximum(reach, _SHORT), 0.0, 1.0))

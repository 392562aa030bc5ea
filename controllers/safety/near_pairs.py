# SPDX-License-Identifier: Apache-2.0
"""Distances of a few pairs of the arm's shapes, and how each joint changes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pinocchio as pin


class NearPairs:
    """Distances of a few pairs and their gradients, by the points that are nearest to each other."""

    def __init__(
        self,
        model: pin.Model,
        geometry: pin.GeometryModel,
        pairs: Sequence[tuple[int, int]],
        columns: Sequence[int],
    ) -> None:
        """Prepare `pairs` of the geometry's shapes, whose gradients are by the joints of `columns`."""
        self._model, self._data, self._geometry = model, model.createData(), geometry.clone()
        self._geometry.removeAllCollisionPairs()
        for pair in pairs:
            self._geometry.addCollisionPair(pin.CollisionPair(*pair))
        self._geometry_data = pin.GeometryData(self._geometry)
        self._index = {pair: index for index, pair in enumerate(pairs)}
        self._columns = list(columns)
        parents = [item.parentJoint for item in geometry.geometryObjects]
        moves = np.array([[column in _columns_to(model, joint) for column in columns] for joint in parents], float)
        self._moves = {(i, j): moves[i] - moves[j] for i, j in pairs}  # (N,) which of the two a joint moves, signed

    def measure(self, q: np.ndarray, pairs: Sequence[tuple[int, int]]) -> tuple[list[float], np.ndarray]:
        """Return the distances [m] and gradients (K, N) [m/rad] of K pairs of shapes at q of the whole model.

        A joint that moves one of the two shapes turns its nearest point about its own axis. One that moves both changes
        nothing, and the point of either may be taken: they lie behind each other.
        """
        model, data, geometry, placed = self._model, self._data, self._geometry, self._geometry_data
        pin.computeJointJacobians(model, data, q)
        pin.updateGeometryPlacements(model, data, geometry, placed)
        distances, wrenches, moves = [], [], []
        for pair in pairs:
            result = pin.computeDistance(geometry, placed, self._index[pair])
            distances.append(result.min_distance)
            (x, y, z), (a, b, c) = (-result.normal).tolist(), result.getNearestPoint1().tolist()
            wrenches.append((x, y, z, b * z - c * y, c * x - a * z, a * y - b * x))  # n, p × n: n is from 2 to 1
            moves.append(self._moves[pair])
        gradients = np.dot(wrenches, data.J[:, self._columns])
        gradients *= moves
        return distances, gradients


def _columns_to(model: pin.Model, joint: int) -> list[int]:
    """Return the columns of the joints that move what is fixed to `joint`."""
    return [model.joints[int(other)].idx_v for other in model.supports[joint] if other]

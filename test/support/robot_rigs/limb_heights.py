# SPDX-License-Identifier: Apache-2.0
"""How low the arms of a robot reach, by its collision shapes, without the distances that are tested."""

from __future__ import annotations

from collections.abc import Sequence

import coal
import numpy as np
import pinocchio as pin

from controllers.safety.surface import limbs_and_hands


class LimbHeights:
    """The lowest points of what is an arm's limb, and of what is a hand."""

    def __init__(self, urdf: str, groups: Sequence[Sequence[str]], tool_frames: Sequence[str]) -> None:
        self._model = model = pin.buildModelFromXML(urdf)
        self._geometry = geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
        self.limbs, self.hands = limbs_and_hands(model, geometry, groups, tool_frames)
        self._columns = [model.joints[model.getJointId(name)].idx_q for group in groups for name in group]
        self._data, self._placed = model.createData(), pin.GeometryData(geometry)
        self._q = pin.neutral(model)

    def names(self, shapes: Sequence[int]) -> set[str]:
        """Name the links of some shapes."""
        return {self._model.frames[self._geometry.geometryObjects[index].parentFrame].name for index in shapes}

    def lowest(self, q: np.ndarray, shapes: Sequence[int]) -> float:
        """Return the height of the lowest point of `shapes` at q (N,) of all groups [m], base frame."""
        self._q[self._columns] = q
        pin.updateGeometryPlacements(self._model, self._data, self._geometry, self._placed, self._q)
        return min(self._lowest(index) for index in shapes)

    def _lowest(self, index: int) -> float:
        shape, T = self._geometry.geometryObjects[index].geometry, self._placed.oMg[index]
        down = T.rotation[2]
        if isinstance(shape, coal.Box):
            return float(T.translation[2] - np.abs(down) @ np.array(shape.halfSide))
        if isinstance(shape, coal.Cylinder):
            return float(T.translation[2] - abs(down[2]) * shape.halfLength - shape.radius * np.hypot(*down[:2]))
        assert isinstance(shape, coal.Sphere), shape
        return float(T.translation[2] - shape.radius)

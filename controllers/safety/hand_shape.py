# SPDX-License-Identifier: Apache-2.0
"""The corners of the hand and its fingers in the tool's frame: what must stay above a table."""

from __future__ import annotations

from itertools import product

import numpy as np
import pinocchio as pin


def hand_corners(urdf: str, tool_frame: str) -> np.ndarray:
    """Return (K, 3) [m] in the tool frame: the corners of the boxes around the collision shapes that the tool carries.

    Fingers count where they are shut and where they are open. A box around a cylinder or a sphere is larger than it is.
    """
    model = pin.buildModelFromXML(urdf)
    geometry = pin.buildGeomFromUrdfString(model, urdf, pin.GeometryType.COLLISION)
    tool = model.frames[model.getFrameId(tool_frame)]
    carried = [joint for joint in range(1, model.njoints) if tool.parentJoint in model.supports[joint]]
    fingers = [model.joints[j].idx_q for j in carried[1:]]
    data, geometry_data = model.createData(), pin.GeometryData(geometry)
    corners = []
    for limit in (model.lowerPositionLimit, model.upperPositionLimit):
        q = pin.neutral(model)
        q[fingers] = limit[fingers]
        pin.updateGeometryPlacements(model, data, geometry, geometry_data, q)
        T_world_tool = data.oMi[tool.parentJoint] * tool.placement
        for item, T_world_shape in zip(geometry.geometryObjects, geometry_data.oMg, strict=True):
            if item.parentJoint in carried:
                corners.append(_corners(item, T_world_tool.actInv(T_world_shape)))
    every = np.concatenate(corners) if corners else np.zeros((1, 3))
    return np.unique(np.vstack([every, np.zeros(3)]).round(6), axis=0)  # the tool point itself is never left out


def _corners(item: pin.GeometryObject, T_tool_shape: pin.SE3) -> np.ndarray:
    item.geometry.computeLocalAABB()
    low, high = np.ravel(item.geometry.aabb_local.min_), np.ravel(item.geometry.aabb_local.max_)
    local = np.array(list(product(*zip(low, high, strict=True))))  # (8, 3)
    return local @ T_tool_shape.rotation.T + T_tool_shape.translation

# SPDX-License-Identifier: Apache-2.0
"""A robot's links and how they hang together: every transform for any joint configuration, and what a link looks like.

For whoever shows a robot or publishes transforms; the control loop has ArmModel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pinocchio as pin

from controllers.errors import ConfigError, unknown_name


@dataclass(frozen=True, eq=False)
class LinkShape:
    """A visible box, cylinder or sphere of a link."""

    link: str
    kind: str  # "box", "cylinder" (along z) or "sphere"
    T_link_shape: np.ndarray  # (4, 4), origin at the shape's middle
    size: np.ndarray  # (3,) [m] full extents along the shape's axes
    color: np.ndarray  # (4,) RGBA, 0…1


class VisibleRobot:
    """All links of a URDF, children after their parents. Raises ConfigError for a joint the URDF does not have."""

    def __init__(self, urdf: str, joints: Sequence[str]) -> None:
        """Read `urdf` (XML text); `joints` name the columns of q, every other joint stays at zero."""
        self._model = model = pin.buildModelFromXML(urdf)
        self._data = model.createData()
        known = list(model.names)[1:]
        for name in joints:
            if name not in known:
                raise ConfigError(unknown_name("joint", name, known))
        self._columns = [model.joints[model.getJointId(name)].idx_q for name in joints]
        self._q = pin.neutral(model)
        bodies = [index for index, frame in enumerate(model.frames) if frame.type == pin.FrameType.BODY]
        self.root = model.frames[bodies[0]].name
        # A body hangs on the frame of its joint, which hangs on the parent body.
        self._pairs = [(self._parent_body(index), index) for index in bodies[1:]]
        self.parents = {model.frames[child].name: model.frames[parent].name for parent, child in self._pairs}
        self.update(np.zeros(len(self._columns)))
        self.shapes = self._visible_shapes(urdf)

    def _parent_body(self, index: int) -> int:
        frames = self._model.frames
        index = frames[index].parentFrame
        while frames[index].type != pin.FrameType.BODY:
            index = frames[index].parentFrame
        return index

    def update(self, q: np.ndarray) -> None:
        """Place every link for q (N,) [rad], [m]."""
        self._q[self._columns] = q
        pin.framesForwardKinematics(self._model, self._data, self._q)

    def transforms(self) -> list[tuple[str, str, np.ndarray]]:
        """Return (parent, child, T_parent_child (4, 4)) of every link but the root."""
        frames, placements = self._model.frames, self._data.oMf
        return [
            (frames[parent].name, frames[child].name, placements[parent].actInv(placements[child]).homogeneous)
            for parent, child in self._pairs
        ]

    def T_base_link(self, link: str) -> np.ndarray:
        """Return a link's pose (4, 4) in the world of the URDF's root. Raises ConfigError for an unknown one."""
        if link != self.root and link not in self.parents:
            raise ConfigError(unknown_name("link", link, [self.root, *self.parents]))
        return self._data.oMf[self._model.getFrameId(link, pin.FrameType.BODY)].homogeneous

    def _visible_shapes(self, urdf: str) -> tuple[LinkShape, ...]:
        geometry = pin.buildGeomFromUrdfString(self._model, urdf, pin.GeometryType.VISUAL)
        found = []
        for item in geometry.geometryObjects:
            frame = self._model.frames[item.parentFrame]
            # Pinocchio places a shape in its joint's frame; a link behind a fixed joint has a frame of its own.
            T_link_shape = (frame.placement.inverse() * item.placement).homogeneous
            kind, size = type(item.geometry).__name__.lower(), np.zeros(3)
            if kind == "box":
                size[:] = 2.0 * np.ravel(item.geometry.halfSide)
            elif kind == "cylinder":
                size[:] = 2.0 * item.geometry.radius, 2.0 * item.geometry.radius, 2.0 * item.geometry.halfLength
            elif kind == "sphere":
                size[:] = 2.0 * item.geometry.radius
            else:  # a mesh: its bounding box
                item.geometry.computeLocalAABB()
                low, high = np.ravel(item.geometry.aabb_local.min_), np.ravel(item.geometry.aabb_local.max_)
                T_link_shape[:3, 3] += T_link_shape[:3, :3] @ ((low + high) / 2.0)
                kind, size[:] = "box", high - low
            found.append(LinkShape(frame.name, kind, T_link_shape, size, np.ravel(item.meshColor).astype(float)))
        return tuple(found)

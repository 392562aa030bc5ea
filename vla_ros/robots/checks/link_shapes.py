# SPDX-License-Identifier: Apache-2.0
"""What a link's shapes enclose: their bounding box in the link's frame, and their volume."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pinocchio as pin


@dataclass(frozen=True, eq=False)
class LinkBounds:
    """All shapes of a link, seen and felt."""

    lower: np.ndarray  # (3,) [m] link frame
    upper: np.ndarray  # (3,) [m]
    volume: float  # [m³] of the shapes that are felt, or of those that are seen where that is more

    @property
    def size(self) -> np.ndarray:
        """Return the edges of the box (3,) [m]."""
        return self.upper - self.lower

    def outside(self, point: np.ndarray) -> float:
        """Return how far a point (3,) is outside the box [m], 0 inside."""
        return float(np.linalg.norm(np.maximum(np.maximum(self.lower - point, point - self.upper), 0.0)))

    def farthest(self, point: np.ndarray) -> float:
        """Return the distance [m] from a point (3,) to the farthest corner."""
        return float(np.linalg.norm(np.maximum(np.abs(self.lower - point), np.abs(self.upper - point))))


def link_bounds(urdf: str) -> dict[str, LinkBounds]:
    """Return the bounds of every link that has shapes."""
    model = pin.buildModelFromXML(urdf)
    corners: dict[str, list[np.ndarray]] = {}
    volumes: dict[str, list[float]] = {}
    for number, kind in enumerate((pin.GeometryType.COLLISION, pin.GeometryType.VISUAL)):
        for item in pin.buildGeomFromUrdfString(model, urdf, kind).geometryObjects:
            frame = model.frames[item.parentFrame]
            T = (frame.placement.inverse() * item.placement).homogeneous
            item.geometry.computeLocalAABB()
            low, high = np.ravel(item.geometry.aabb_local.min_), np.ravel(item.geometry.aabb_local.max_)
            box = np.array(list(product(*zip(low, high, strict=True))))  # (8, 3)
            corners.setdefault(frame.name, []).append(box @ T[:3, :3].T + T[:3, 3])
            volumes.setdefault(frame.name, [0.0, 0.0])[number] += abs(item.geometry.computeVolume())
    return {
        link: LinkBounds(np.vstack(found).min(axis=0), np.vstack(found).max(axis=0), max(volumes[link]))
        for link, found in corners.items()
    }

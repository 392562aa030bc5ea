# SPDX-License-Identifier: Apache-2.0
"""Points sampled on a surface, with normals.

Shape legend: N points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation


@dataclass(frozen=True, eq=False)
class SurfacePoints:
    """Points on a surface and which way it faces there, in the frame and precision that they were sampled in."""

    points: np.ndarray  # (N, 3) [m]
    normals: np.ndarray  # (N, 3) outwards

    def turned(self, rotation: Rotation) -> SurfacePoints:
        """Return the surface rotated about the origin."""
        R = rotation.as_matrix().astype(self.points.dtype)
        return SurfacePoints(self.points @ R.T, self.normals @ R.T)

# SPDX-License-Identifier: Apache-2.0
"""An object in a place: where it stands, what it covers, how high it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import convex_polygon, surface_points
from vla_ros.objects.model import ObjectModel

_DROP = 0.001  # [m] above the table, so that no contact starts with penetration


@dataclass(frozen=True, eq=False)
class Placement:
    """One candidate for where an object stands. Frame: robot base."""

    model: ObjectModel
    T_base_object: np.ndarray  # (4, 4)
    points: np.ndarray  # (P, 3) on the surface of what collides [m]
    polygon: np.ndarray  # (K, 2) convex outline from above [m]
    top: float  # [m] height of its highest point

    @property
    def center(self) -> np.ndarray:
        """Middle of its outline (2,) [m]."""
        return (self.polygon.min(axis=0) + self.polygon.max(axis=0)) / 2


@dataclass(frozen=True, eq=False)
class Obstacle:
    """What stands in a place already, such as furniture, or room that must stay free. Frame: robot base."""

    polygon: np.ndarray  # (K, 2) convex outline from above, counter-clockwise [m]
    top: float  # [m] height of its highest point; the table's: it hides nothing


def place(model: ObjectModel, orientation: np.ndarray, position: np.ndarray, table_height: float) -> Placement:
    """Stand the object on the table: outline centred at `position` (2,) [m], orientation xyzw."""
    turn = Rotation.from_quat(orientation)
    points = turn.apply(surface_points(model.parts))
    low, high = points.min(axis=0), points.max(axis=0)
    shift = np.array([*(position - (low + high)[:2] / 2), table_height + _DROP - low[2]])
    T = np.eye(4)
    T[:3, :3] = turn.as_matrix()
    T[:3, 3] = shift
    points = points + shift
    return Placement(model, T, points, convex_polygon(points[:, :2]), float(points[:, 2].max()))


def random_placement(
    model: ObjectModel,
    center: tuple[float, float],
    extent: tuple[float, float],
    table_height: float,
    rng: np.random.Generator,
) -> Placement:
    """Draw a resting pose, a heading and a place in the rectangle."""
    resting = model.resting[int(rng.integers(len(model.resting)))]
    heading = Rotation.from_euler("z", rng.uniform(-np.pi, np.pi))
    position = np.asarray(center) + (rng.uniform(size=2) - 0.5) * np.asarray(extent)
    return place(model, (heading * Rotation.from_quat(resting)).as_quat(), position, table_height)

# SPDX-License-Identifier: Apache-2.0
"""How much room an object takes, however it comes to rest and is turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.geometry import convex_polygon, surface_points
from vla_ros.objects.measured import measured
from vla_ros.objects.model import ObjectModel


@dataclass(frozen=True)
class LyingSize:
    """The largest of all resting poses."""

    widest: float  # [m] diameter of what is seen from above
    tallest: float  # [m] height


def lying_size(model: ObjectModel) -> LyingSize:
    """Return how much room an object takes."""
    return LyingSize(*_numbers(model))


def lying_sizes(models: Sequence[ObjectModel]) -> list[LyingSize]:
    """Return how much room each object takes; of built-in ones it is worked out once."""
    return [LyingSize(*row) for row in measured(models, _numbers, "lying size", Path(__file__)).tolist()]


def _numbers(model: ObjectModel) -> tuple[float, float]:
    points = surface_points(model.parts)
    turned = [Rotation.from_quat(pose).apply(points) for pose in model.resting]
    return max(_diameter(one[:, :2]) for one in turned), max(float(np.ptp(one[:, 2])) for one in turned)


def _diameter(points: np.ndarray) -> float:
    corners = convex_polygon(points)
    return float(np.linalg.norm(corners[:, None] - corners[None], axis=2).max())

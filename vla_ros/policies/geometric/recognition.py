# SPDX-License-Identifier: Apache-2.0
"""Which category a thing's shape speaks for: nearest views of the catalogue's objects.

Shape legend: V remembered views, D descriptor numbers, K categories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.objects.model import ObjectModel
from vla_ros.policies.geometric.descriptor import SCALES, describe
from vla_ros.policies.geometric.surface_samples import sample_visible_surface, visible_points


@dataclass(frozen=True)
class RecognitionConfig:
    """How catalogue objects are imagined on the table, and how strictly shapes must agree."""

    turns: int = 8  # views around the vertical
    points: int = 1500  # sampled on a whole object
    noise: float = 0.0022  # [m] of a measured point
    lowest: float = 0.007  # [m] what lies lower is not told from the table
    viewpoints: tuple[tuple[float, float, float], ...] = ((0.85, 0.0, 0.5), (0.0, 0.69, 0.46))  # [m] from the object
    softness: float = 1.6  # a distance of this many standard deviations halves belief about once

    def __post_init__(self) -> None:
        if self.turns < 1 or self.points < 100 or not self.viewpoints or self.softness <= 0.0:
            raise ConfigError("recognition needs turns >= 1, points >= 100, viewpoints and softness > 0")


@dataclass(frozen=True, eq=False)
class ShapeMemory:
    """Descriptors of the catalogue's objects as two cameras would see them."""

    categories: tuple[str, ...]
    descriptors: np.ndarray  # (V, D)
    category_of: np.ndarray  # (V,) index into categories
    softness: float

    @classmethod
    def of(cls, models: Iterable[ObjectModel], config: RecognitionConfig) -> ShapeMemory:
        """Imagine every model in every resting pose and turn. Reproducible: the sampling has its own seed."""
        rng = np.random.default_rng(0)
        models = list(models)
        categories = tuple(dict.fromkeys(model.category for model in models))
        descriptors, category_of = [], []
        for model in models:
            surface = sample_visible_surface(model, config.points, rng)
            for resting in model.resting:
                for turn in np.arange(config.turns) * 2.0 * np.pi / config.turns + rng.uniform(0, 1):
                    points = (Rotation.from_euler("z", turn) * Rotation.from_quat(resting)).apply(surface)
                    seen = _imagine(points.astype(np.float32), config, rng)
                    if len(seen) >= 20:
                        descriptors.append(describe(seen, seen[:, 2]))
                        category_of.append(categories.index(model.category))
        if not descriptors:
            raise ConfigError("the catalogue has no object that a camera could see: check the folder of objects")
        return cls(categories, np.array(descriptors), np.array(category_of), config.softness)

    def beliefs(self, descriptor: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return each category's probability (K,) and its distance in standard deviations (K,)."""
        difference = (self.descriptors - descriptor) / SCALES
        # Root mean square over the numbers, large single disagreements capped: a hidden handle is not another thing.
        distance = np.sqrt(np.minimum(difference**2, 16.0).mean(axis=1))
        nearest = np.full(len(self.categories), np.inf)
        np.minimum.at(nearest, self.category_of, distance)
        logits = -0.5 * (nearest * self.softness) ** 2 * np.sqrt(len(SCALES))
        weights = np.exp(logits - logits.max())
        return weights / weights.sum(), nearest


def _imagine(points: np.ndarray, config: RecognitionConfig, rng: np.random.Generator) -> np.ndarray:
    """Return what the cameras would measure of an object's surface, standing on z = 0."""
    points = points - np.array([0.0, 0.0, points[:, 2].min()], points.dtype)
    viewpoints: Sequence[np.ndarray] = [np.array(viewpoint) for viewpoint in config.viewpoints]
    seen = points[visible_points(points, viewpoints)]
    seen = seen + rng.normal(0.0, config.noise, seen.shape).astype(np.float32)
    return seen[seen[:, 2] > config.lowest]

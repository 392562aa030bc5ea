# SPDX-License-Identifier: Apache-2.0
"""Which category a thing's shape speaks for: nearest views of the catalogue's objects.

Shape legend: V remembered views, D descriptor numbers, K categories.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.surface_points import SurfacePoints
from vla_ros.policies.geometric.perceiving.descriptor import SCALES, describe
from vla_ros.policies.geometric.perceiving.surface_samples import sample_visible_surface, seen_from


@dataclass(frozen=True)
class RecognitionConfig:
    """How catalogue objects are imagined on the table, and how strictly shapes must agree."""

    turns: int = 4  # views around the vertical
    copies: int = 8  # of every category at least, which differ in size as a catalogue's do; one of each model
    points: int = 1500  # sampled on a whole object
    noise: float = 0.0022  # [m] of a measured point
    grazing: float = 0.2  # [rad] a surface seen at less than this angle is not measured
    lowest: float = 0.008  # [m] what lies lower is not told from the table
    distances: tuple[tuple[float, float], ...] = ((0.85, 0.0), (0.0, 0.69))  # [m] of the cameras, x and y
    heights: tuple[float, ...] = (0.2, 0.35, 0.5, 0.65)  # [m] of the cameras above the table: each is imagined
    softness: float = 1.6  # a distance of this many standard deviations halves belief about once

    def __post_init__(self) -> None:
        if self.turns < 1 or self.points < 100 or not self.distances or not self.heights or self.softness <= 0.0:
            raise ConfigError("recognition needs turns >= 1, points >= 100, distances, heights and softness > 0")


@dataclass(frozen=True, eq=False)
class ShapeMemory:
    """Descriptors of the catalogue's objects as two cameras would see them."""

    categories: tuple[str, ...]
    descriptors: np.ndarray  # (V, D)
    category_of: np.ndarray  # (V,) index into categories
    height_of: np.ndarray  # (V,) [m] of the cameras above the table
    softness: float

    @classmethod
    def of(cls, catalogue: Catalogue, config: RecognitionConfig) -> ShapeMemory:
        """Imagine every object in every resting pose and turn. Reproducible: the sampling has its own seed."""
        rng = np.random.default_rng(0)
        known = catalogue.objects  # of every split, receptacles where the catalogue holds them
        shapes = Counter(model.category for model in known)
        models = [
            catalogue.vary(model, rng) for model in known for _ in range(-(-config.copies // shapes[model.category]))
        ]
        categories = tuple(dict.fromkeys(model.category for model in models))
        descriptors, category_of, height_of = [], [], []
        for model in models:
            surface = sample_visible_surface(model, config.points, rng)
            for resting in model.resting:
                for turn in np.arange(config.turns) * 2.0 * np.pi / config.turns + rng.uniform(0, 1):
                    pose = Rotation.from_euler("z", turn) * Rotation.from_quat(resting)
                    for height in config.heights:
                        seen = _imagine(surface.turned(pose), height, config, rng)
                        if len(seen) >= 20:
                            descriptors.append(describe(seen, seen[:, 2]))
                            category_of.append(categories.index(model.category))
                            height_of.append(height)
        if not descriptors:
            raise ConfigError("the catalogue has no object that a camera could see: check the folder of objects")
        return cls(categories, np.array(descriptors), np.array(category_of), np.array(height_of), config.softness)

    def beliefs(self, descriptor: np.ndarray, height: float) -> tuple[np.ndarray, np.ndarray]:
        """Return each category's probability (K,) and its distance in standard deviations (K,).

        `height` [m] of the cameras above the table: from low down less of every top is seen.
        """
        away = np.abs(self.height_of - height)
        alike = away <= away.min() + 1e-6
        difference = (self.descriptors[alike] - descriptor) / SCALES
        # Root mean square over the numbers, large single disagreements capped: a hidden handle is not another thing.
        distance = np.sqrt(np.minimum(difference**2, 16.0).mean(axis=1))
        nearest = np.full(len(self.categories), np.inf)
        np.minimum.at(nearest, self.category_of[alike], distance)
        logits = -0.5 * (nearest * self.softness) ** 2 * np.sqrt(len(SCALES))
        weights = np.exp(logits - logits.max())
        return weights / weights.sum(), nearest


def _imagine(surface: SurfacePoints, height: float, config: RecognitionConfig, rng: np.random.Generator) -> np.ndarray:
    """Return what the cameras would measure of an object's surface, standing on z = 0."""
    points = surface.points - np.array([0.0, 0.0, surface.points[:, 2].min()], np.float32)
    viewpoints: Sequence[np.ndarray] = [np.array([x, y, height]) for x, y in config.distances]
    seen = points[seen_from(SurfacePoints(points, surface.normals), viewpoints, config.grazing)]
    seen = seen + rng.normal(0.0, config.noise, seen.shape).astype(np.float32)
    return seen[seen[:, 2] > config.lowest]

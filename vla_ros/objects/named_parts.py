# SPDX-License-Identifier: Apache-2.0
"""Parts by which objects may be asked to be taken: config/objects/parts.yaml."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.model import ObjectModel

_AXES = "xyz"


@dataclass(frozen=True)
class NamedPart:
    """A stretch of an object along one of its axes."""

    name: str  # the noun in an instruction: "by its handle"
    axis: str  # x, y or z, object frame
    low: float  # 0…1 of the extent
    high: float

    def __post_init__(self) -> None:
        if self.axis not in _AXES or len(self.axis) != 1:
            raise ConfigError(unknown_name("axis", self.axis, tuple(_AXES)))
        if not 0.0 <= self.low < self.high <= 1.0:
            raise ConfigError(f"low and high must increase within 0 to 1, got {self.low:g} and {self.high:g}")

    def middle(self, model: ObjectModel) -> np.ndarray:
        """Return its middle (3,) [m], object frame."""
        low, high = model.bounds
        point, along = (low + high) / 2, self.along
        point[along] = low[along] + (self.low + self.high) / 2 * (high[along] - low[along])
        return point

    def holds(self, model: ObjectModel, points: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Say which points (…, 3) [m], object frame, lie in the part; beyond the object's end counts as well."""
        begins, ends = self.stretch(model, margin)
        return (points[..., self.along] >= begins) & (points[..., self.along] <= ends)

    @property
    def along(self) -> int:
        """Return the number of its axis."""
        return _AXES.index(self.axis)

    def stretch(self, model: ObjectModel, margin: float = 0.0) -> tuple[float, float]:
        """Return where it begins and ends along its axis [m], object frame; infinite beyond the object's end."""
        low, high = (float(corner[self.along]) for corner in model.bounds)
        begins = -np.inf if self.low == 0.0 else low + self.low * (high - low) - margin
        ends = np.inf if self.high == 1.0 else low + self.high * (high - low) + margin
        return begins, ends


@cache
def named_parts() -> dict[str, NamedPart]:
    """Return the part of each category that has one."""
    path = share_directory() / "config" / "objects" / "parts.yaml"
    parts = {name: build(NamedPart, values, f"{path}: {name}") for name, values in read_yaml(path).items()}
    for name in parts:
        if name not in categories():
            raise ConfigError(f"{path}: {unknown_name('category', name, categories())}")
    return parts


@cache
def parts_catalogue() -> Catalogue:
    """Return the catalogue in which objects without a named part are never the target."""
    catalogue = load_catalogue()
    objects = [
        model if model.category in named_parts() else dataclasses.replace(model, graspable=False)
        for model in catalogue.objects
    ]
    return dataclasses.replace(catalogue, objects=tuple(objects))

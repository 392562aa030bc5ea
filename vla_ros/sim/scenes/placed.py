# SPDX-License-Identifier: Apache-2.0
"""What stands in a scene beside its rigid objects: fixtures with joints, and cloths, at the poses where they start."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.cloth import ClothModel


@dataclass(frozen=True, eq=False)
class PlacedFixture:
    """A fixture, which is fixed where it stands. Its joints are called `<name>/<joint>` everywhere."""

    name: str  # unique in the scene
    model: FixtureModel
    T_base_fixture: np.ndarray  # (4, 4)
    start: Mapping[str, float] = field(default_factory=dict)  # [rad], [m] of its joints; 0 where nothing is said

    def __post_init__(self) -> None:
        for joint, value in self.start.items():
            low, high = self.model.link(joint).joint.range
            if not low <= value <= high:
                raise ConfigError(f"joint {self.name}/{joint}: start must be {low:g} to {high:g}, got {value:g}")

    @property
    def joints(self) -> tuple[str, ...]:
        """Name its joints as the whole scene does."""
        return tuple(f"{self.name}/{link.joint.name}" for link in self.model.links)

    def moved(self, T: np.ndarray) -> PlacedFixture:
        """Return it moved by T (4, 4)."""
        return dataclasses.replace(self, T_base_fixture=T @ self.T_base_fixture)


@dataclass(frozen=True, eq=False)
class PlacedCloth:
    """A cloth, flat where it starts; it falls onto what is below before time 0."""

    name: str  # unique in the scene
    model: ClothModel
    T_base_cloth: np.ndarray  # (4, 4)

    def moved(self, T: np.ndarray) -> PlacedCloth:
        """Return it moved by T (4, 4)."""
        return dataclasses.replace(self, T_base_cloth=T @ self.T_base_cloth)

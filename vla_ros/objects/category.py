# SPDX-License-Identifier: Apache-2.0
"""What is known of a category: its words, split, sizes, masses; read from config/objects/categories.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.resting import NAMES

SPLITS = ("seen", "heldout", "all")
RECEPTACLE = "receptacle"  # split of what is there to be put into: no choice among targets


@dataclass(frozen=True)
class Category:
    """One category of procedural objects."""

    split: str  # seen | heldout | receptacle
    shapes: tuple[str, ...]
    scale: tuple[float, float]  # of the recipe's own size
    mass: tuple[float, float]  # [kg]
    friction: tuple[float, float]
    colors: tuple[str, ...]
    synonyms: tuple[str, ...] = ()
    resting: tuple[str, ...] = ("upright",)
    rolls: bool = False

    def __post_init__(self) -> None:
        if self.split not in ("seen", "heldout", RECEPTACLE):
            raise ConfigError(f"split must be seen, heldout or {RECEPTACLE}, got '{self.split}'")
        for name, lowest, highest in (("scale", 0.5, 2.0), ("mass", 0.001, 3.0), ("friction", 0.05, 1.5)):
            low, high = getattr(self, name)
            if not lowest <= low <= high <= highest:
                raise ConfigError(
                    f"{name} must be an increasing range within {lowest:g} to {highest:g}, got [{low:g}, {high:g}]"
                )
        for color in self.colors:
            if color not in color_ranges():
                raise ConfigError(unknown_name("color", color, color_ranges()))
        for pose in self.resting:
            if pose not in NAMES:
                raise ConfigError(unknown_name("resting pose", pose, NAMES))


@cache
def categories() -> dict[str, Category]:
    """Return every procedural category by name."""
    path = share_directory() / "config" / "objects" / "categories.yaml"
    return {name: build(Category, values, f"{path}: {name}") for name, values in read_yaml(path).items()}

# SPDX-License-Identifier: Apache-2.0
"""What is known of a category: its words, split, halves, masses; read from config/objects/categories.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, share_directory
from vla_ros.documents import read_yaml
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.decorations import DECORATIONS
from vla_ros.objects.resting import NAMES

ACTION, GROUNDING, NOVEL = "action", "grounding", "novel"
TARGETS = (ACTION, GROUNDING, NOVEL)  # splits of what may be a target
RECEPTACLE = "receptacle"  # split of what is there to be put into: no choice among targets
SPLITS = (*TARGETS, "all")
TRAINED = f"{ACTION}+{GROUNDING}"  # of which pictures with boxes are made
HALVES = {"generation": "training", "evaluation": "evaluation"}  # of a category, by the stream that draws from it


def split_names(choice: str) -> tuple[str, ...]:
    """Return the splits among what a choice of categories names."""
    names = choice.split("+")
    return TARGETS if "all" in names else tuple(name for name in names if name in SPLITS)


def chosen_categories(choice: str) -> frozenset[str]:
    """Return the categories that a choice names: a split, a single category, or several of both joined by '+'.

    Raises ConfigError naming the nearest.
    """
    splits, known = split_names(choice), categories()
    single = [name for name in choice.split("+") if name not in SPLITS]
    for name in single:
        if name not in known or known[name].split not in TARGETS:
            raise ConfigError(unknown_name("categories", name, SPLITS) + "; or a single one of `vla objects list`")
    return frozenset({*single, *(name for name, category in known.items() if category.split in splits)})


@dataclass(frozen=True)
class Half:
    """What one half of a category is drawn from: that of training, or that of evaluation."""

    shapes: tuple[str, ...]  # the variants that its recipe knows
    scale: tuple[float, float]  # of the recipe's own size
    colors: tuple[str, ...]
    decorations: tuple[str, ...] = ("plain",)
    shades: tuple[float, float] = (0.0, 1.0)  # share of each colour's range that is drawn from

    def __post_init__(self) -> None:
        for name, lowest, highest in (("scale", 0.5, 2.0), ("shades", 0.0, 1.0)):
            _check_range(name, getattr(self, name), lowest, highest)
        for color in self.colors:
            if color not in color_ranges():
                raise ConfigError(unknown_name("color", color, color_ranges()))
        for decoration in self.decorations:
            if decoration not in DECORATIONS:
                raise ConfigError(unknown_name("decoration", decoration, DECORATIONS))
        for name in ("shapes", "colors", "decorations"):
            if not getattr(self, name):
                raise ConfigError(f"{name}: name at least one")


@dataclass(frozen=True)
class Category:
    """One category of procedural objects."""

    split: str  # action | grounding | novel | receptacle
    mass: tuple[float, float]  # [kg]
    friction: tuple[float, float]
    training: Half
    evaluation: Half | None = None  # None, of receptacles alone: as in training
    synonyms: tuple[str, ...] = ()
    resting: tuple[str, ...] = ("upright",)
    rolls: bool = False

    def __post_init__(self) -> None:
        if self.split not in (*TARGETS, RECEPTACLE):
            raise ConfigError(f"split must be {', '.join(TARGETS)} or {RECEPTACLE}, got '{self.split}'")
        for name, lowest, highest in (("mass", 0.001, 3.0), ("friction", 0.05, 1.5)):
            _check_range(name, getattr(self, name), lowest, highest)
        for pose in self.resting:
            if pose not in NAMES:
                raise ConfigError(unknown_name("resting pose", pose, NAMES))
        if (self.evaluation is None) != (self.split == RECEPTACLE):
            raise ConfigError(f"evaluation: categories have a half for it, and none of split {RECEPTACLE} has")
        if self.evaluation is not None:
            _check_disjoint(self.training, self.evaluation)

    @property
    def shapes(self) -> tuple[str, ...]:
        """Return the shapes of both halves, training's first."""
        return self.training.shapes if self.evaluation is None else (*self.training.shapes, *self.evaluation.shapes)

    @property
    def colors(self) -> tuple[str, ...]:
        """Return the colours of both halves."""
        return tuple(dict.fromkeys((*self.training.colors, *self.half("evaluation").colors)))

    def half(self, name: str) -> Half:
        """Return one half: training or evaluation."""
        return self.training if name == "training" or self.evaluation is None else self.evaluation

    def half_of(self, shape: str) -> Half:
        """Return the half that a shape belongs to."""
        return self.half("training" if shape in self.training.shapes else "evaluation")


def _check_range(name: str, limits: tuple[float, float], lowest: float, highest: float) -> None:
    low, high = limits
    if not lowest <= low <= high <= highest:
        raise ConfigError(
            f"{name} must be an increasing range within {lowest:g} to {highest:g}, got [{low:g}, {high:g}]"
        )


def _check_disjoint(training: Half, evaluation: Half) -> None:
    """Refuse halves that share what evaluation is to keep for itself."""
    for name in ("shapes", "decorations"):
        if shared := set(getattr(training, name)) & set(getattr(evaluation, name)):
            raise ConfigError(f"{name}: '{min(shared)}' is in both halves: leave it in one")
    if _overlap(training.scale, evaluation.scale):
        raise ConfigError(f"scale: training's {list(training.scale)} and evaluation's {list(evaluation.scale)} overlap")
    # A colour may be in both, of what has one by nature: in other shades then.
    shared = set(training.colors) & set(evaluation.colors)
    if shared and _overlap(training.shades, evaluation.shades):
        raise ConfigError(
            f"colors: '{min(shared)}' is in both halves: leave it in one, or set shades that do not overlap"
        )


def _overlap(first: tuple[float, float], second: tuple[float, float]) -> bool:
    return first[0] <= second[1] and second[0] <= first[1]


@cache
def categories() -> dict[str, Category]:
    """Return every procedural category by name."""
    path = share_directory() / "config" / "objects" / "categories.yaml"
    return {name: build(Category, values, f"{path}: {name}") for name, values in read_yaml(path).items()}

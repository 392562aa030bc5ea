# SPDX-License-Identifier: Apache-2.0
"""What lies in totes: config/tasks/bin_totes.yaml, and things drawn by it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_file, load_config
from vla_ros.objects.bags import bag
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.category import NOVEL
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.lying_size import lying_sizes
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parcels import SIDES, parcel
from vla_ros.objects.totes import ToteSize

TASK = "bin_pick"
CATALOGUE, BOX, BAG = SHARES = ("catalogue", "box", "bag")
KNOWN = "action+grounding"  # categories of training
_CARDBOARD = (0.45, 0.65)  # sliding friction

Vector = tuple[float, float, float]
Place = tuple[float, float]


@dataclass(frozen=True)
class SizeRange:
    """Sizes and densities of a kind of thing. Raises ConfigError for ranges that are none."""

    low: Vector  # [m] x, y, z
    high: Vector  # [m]
    density: tuple[float, float]  # [kg/m³] with what is inside

    def __post_init__(self) -> None:
        if not all(
            0.0 < a <= b < math.inf
            for a, b in zip((*self.low, self.density[0]), (*self.high, self.density[1]), strict=True)
        ):
            raise ConfigError(f"low must be above 0 and at most high, got {self.low}, {self.high}, {self.density}")

    def draw(self, rng: np.random.Generator) -> tuple[Vector, float]:
        """Return a size [m], and a mass [kg] of a solid block of it."""
        x, y, z = (float(rng.uniform(*edges)) for edges in zip(self.low, self.high, strict=True))
        return (x, y, z), float(rng.uniform(*self.density)) * x * y * z


@dataclass(frozen=True)
class BinTotes:
    """The file config/tasks/bin_totes.yaml. Lengths [m] in the robot's base frame."""

    inside: Vector
    source: Place
    destination: Place
    shift: float
    turn: float  # [degrees]
    things: tuple[int, int]
    packed: tuple[int, int]
    widest: float
    box: SizeRange
    bag: SizeRange
    heaviest: float  # [kg]
    above_rim: float
    shares: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, (low, high) in (("things", self.things), ("packed", self.packed)):
            if not 0 <= low <= high <= 40:
                raise ConfigError(f"{name} must be an increasing range within 0 to 40, got {low} to {high}")
        for name, share in self.shares.items():
            if name not in SHARES:
                raise ConfigError(unknown_name("share", name, SHARES))
            if not 0.0 <= share < math.inf:
                raise ConfigError(f"share of {name} must be 0 or more, got {share}")
        if not sum(self.shares.values()) > 0.0:
            raise ConfigError(f"shares must name what is drawn, of {', '.join(SHARES)}")
        if not (min(self.shift, self.turn, self.above_rim) >= 0.0 and min(self.widest, self.heaviest) > 0.0):
            raise ConfigError("shift, turn and above_rim must be 0 or more; widest and heaviest above 0")
        ToteSize(self.inside)

    @property
    def size(self) -> ToteSize:
        """Return how large either tote is."""
        return ToteSize(self.inside)


@cache
def bin_totes() -> BinTotes:
    """Return config/tasks/bin_totes.yaml."""
    return load_config(config_file("tasks", "bin_totes.yaml"), BinTotes)


def draw_things(
    count: int, stream: str, novel: bool, rng: np.random.Generator, catalogue: Catalogue
) -> list[ObjectModel]:
    """Return `count` things: of the stream's own half of the catalogue, boxes and bags.

    `novel`: every other one of the catalogue is of a category that training has not. Raises ConfigError where nothing
    of a folder of objects fits into a tote.
    """
    totes = bin_totes()
    names = list(totes.shares)
    shares = np.array([totes.shares[name] for name in names])
    chosen: list[ObjectModel] = []
    for number in range(count):
        kind = str(rng.choice(names, p=shares / shares.sum()))
        if kind == CATALOGUE:
            models = narrow(catalogue, NOVEL if novel and number % 2 else KNOWN, stream)
            model = models[int(rng.integers(len(models)))]
            chosen.append(catalogue.vary(model, rng))
        else:
            chosen.append(_packed(kind, totes, rng))
    return chosen


def _packed(kind: str, totes: BinTotes, rng: np.random.Generator) -> ObjectModel:
    color = str(rng.choice(list(color_ranges())))
    size, mass = (totes.box if kind == BOX else totes.bag).draw(rng)
    mass = min(mass, totes.heaviest)
    if kind == BAG:
        return bag(f"{color}_bag", color, rng, size, mass)
    friction = float(rng.uniform(*_CARDBOARD))
    return parcel(f"{color}_parcel", color, rng, size, str(rng.choice(list(SIDES))), mass, friction)


@cache
def narrow(catalogue: Catalogue, categories: str, stream: str) -> tuple[ObjectModel, ...]:
    """Return what of a catalogue is no longer than a tote has room for. Raises ConfigError where that is nothing."""
    models = catalogue.models(categories, stream)
    widest = bin_totes().widest
    fitting = tuple(
        model
        for model, size in zip(models, lying_sizes(models), strict=True)
        if max(size.widest, size.tallest) <= widest
    )
    if not fitting:
        raise ConfigError(f"none of the {len(models)} objects is at most {widest:g} m long, as a tote has room for")
    return fitting

# SPDX-License-Identifier: Apache-2.0
"""Which objects a scene has: a target that colour and category name alone, and others beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vla_ros.objects.catalogue import ALIKE, Catalogue
from vla_ros.objects.model import ObjectModel

# Colours a person may take for one another under a coloured lamp: never on two objects of the target's category.
_CLOSE = (
    {"red", "orange"},
    {"red", "brown"},
    {"orange", "brown"},
    {"gray", "black"},
    {"gray", "white"},
    {"blue", "purple"},
)


@dataclass(frozen=True)
class Kind:
    """An object that a scene could have, before it is built: which model, in which colour."""

    model: ObjectModel
    color: str

    @property
    def category(self) -> str:
        return self.model.category

    @property
    def accents(self) -> tuple[str, ...]:
        return self.model.accents


class Named(Protocol):
    """What has a noun and a colour."""

    @property
    def category(self) -> str: ...

    @property
    def color(self) -> str: ...

    @property
    def accents(self) -> tuple[str, ...]:
        """Return the further colours it is called by; the catalogue's objects are called by one."""
        ...


def same_name(first: Named, second: Named) -> bool:
    """Say whether one description could mean both objects."""
    return same_noun(first, second) and same_color(first, second)


def same_noun(first: Named, second: Named) -> bool:
    """Say whether one noun could mean both."""
    return first.category == second.category or any({first.category, second.category} <= set(group) for group in ALIKE)


def same_color(first: Named, second: Named) -> bool:
    """Say whether one colour word could mean both."""
    if first.color == second.color or {first.color, second.color} in _CLOSE:
        return True
    # "the red and white cup" may mean a white one to somebody.
    return bool({first.color, *first.accents} & {second.color, *second.accents})


def choose_kind(models: tuple[ObjectModel, ...], catalogue: Catalogue, rng: np.random.Generator) -> Kind:
    """Draw an object: the category first, so that each is as likely as any other, then shape and colour."""
    category = str(rng.choice(sorted({model.category for model in models})))
    shapes = [model for model in models if model.category == category]
    model = shapes[int(rng.integers(len(shapes)))]
    return Kind(model, str(rng.choice(catalogue.colors_of(model))))


def choose_other(
    models: tuple[ObjectModel, ...], target: Kind, catalogue: Catalogue, rng: np.random.Generator
) -> Kind | None:
    """Draw an object that the target's description cannot mean; None if there is none."""
    for _ in range(60):
        candidate = choose_kind(models, catalogue, rng)
        if not same_name(candidate, target):
            return candidate
    return None


def choose_twins(
    models: tuple[ObjectModel, ...], target: Kind, count: int, catalogue: Catalogue, rng: np.random.Generator
) -> list[Kind]:
    """Draw `count` further objects of the target's category and colour, of whatever shape."""
    alike = [one for one in models if one.category == target.category and target.color in catalogue.colors_of(one)]
    alike = alike or [target.model]  # which somebody may have named that is none of `models`
    return [Kind(alike[int(rng.integers(len(alike)))], target.color) for _ in range(count)]


def choose_extra(
    models: tuple[ObjectModel, ...],
    target: Kind,
    count: int,
    alike: int,
    catalogue: Catalogue,
    rng: np.random.Generator,
) -> list[Kind]:
    """Draw `count` further objects, of which at least `alike` share colour or category with the target."""
    chosen = []
    for index in range(count):
        other = _lookalike(models, target, catalogue, rng, by_color=index % 2 == 0) if index < alike else None
        other = other or choose_other(models, target, catalogue, rng)
        if other is not None:
            chosen.append(other)
    return chosen


def _lookalike(
    models: tuple[ObjectModel, ...], target: Kind, catalogue: Catalogue, rng: np.random.Generator, by_color: bool
) -> Kind | None:
    """Draw an object of the target's colour and another category, or of its category and another colour."""
    kinds = [Kind(model, color) for model in models for color in catalogue.colors_of(model)]
    for want_color in (by_color, not by_color):  # a lemon is always yellow: then another yellow thing
        fitting = [
            kind
            for kind in kinds
            if (kind.color == target.color) == want_color
            and (kind.category == target.category) != want_color
            and not same_name(kind, target)
        ]
        if fitting:
            return fitting[int(rng.integers(len(fitting)))]
    return None

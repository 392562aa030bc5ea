# SPDX-License-Identifier: Apache-2.0
"""Which objects a scene has: a target that colour and category name alone, and others beside it."""

from __future__ import annotations

from collections.abc import Callable

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


def same_name(first: ObjectModel, second: ObjectModel) -> bool:
    """Say whether one description could mean both objects."""
    alike = first.category == second.category or any({first.category, second.category} <= set(group) for group in ALIKE)
    close = first.color == second.color or {first.color, second.color} in _CLOSE
    return alike and close


def choose_target(models: tuple[ObjectModel, ...], catalogue: Catalogue, rng: np.random.Generator) -> ObjectModel:
    """Draw the target: the category first, so that each is as likely as any other."""
    names = sorted({model.category for model in models})
    category = str(rng.choice(names))
    choices = [model for model in models if model.category == category]
    return catalogue.vary(choices[int(rng.integers(len(choices)))], rng)


def choose_other(
    models: tuple[ObjectModel, ...],
    target: ObjectModel,
    catalogue: Catalogue,
    rng: np.random.Generator,
    wanted: Callable[[ObjectModel], bool] = lambda model: True,
) -> ObjectModel | None:
    """Draw an object that the target's description cannot mean and that is `wanted`; None if there is none."""
    for _ in range(60):
        candidate = choose_target(models, catalogue, rng)
        if wanted(candidate) and not same_name(candidate, target):
            return candidate
    return None


def choose_extra(
    models: tuple[ObjectModel, ...],
    target: ObjectModel,
    count: int,
    alike: int,
    catalogue: Catalogue,
    rng: np.random.Generator,
) -> list[ObjectModel]:
    """Draw `count` further objects, of which at least `alike` share colour or category with the target."""
    chosen: list[ObjectModel] = []
    for index in range(count):
        other = None
        if index < alike:
            other = _lookalike(models, target, catalogue, rng, by_color=index % 2 == 0)
        other = other or choose_other(models, target, catalogue, rng)
        if other is not None:
            chosen.append(other)
    return chosen


def _lookalike(
    models: tuple[ObjectModel, ...], target: ObjectModel, catalogue: Catalogue, rng: np.random.Generator, by_color: bool
) -> ObjectModel | None:
    """Draw an object of the target's colour and another category, or of its category and another colour."""
    pairs = [
        (model, color)
        for model in models
        for color in catalogue.colors_of(model)
        if (color == target.color if by_color else model.category == target.category)
        and (model.category == target.category) != by_color
    ]
    for _ in range(20):
        if not pairs:
            return None
        model, color = pairs[int(rng.integers(len(pairs)))]
        candidate = catalogue.vary(model, rng, color)
        if not same_name(candidate, target):
            return candidate
    return None

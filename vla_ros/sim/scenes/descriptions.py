# SPDX-License-Identifier: Apache-2.0
"""Describe any object of a scene so that it alone is meant: by colour and noun, by either, or by where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.naming import draw_color, draw_noun, other_nouns
from vla_ros.sim.scenes.objects import same_color, same_name, same_noun
from vla_ros.sim.scenes.relations import CLEAR, EXTREMES, RELATIONS, SIDES, Spot, distance
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import Family, family

_THINGS = ("object", "thing")
_BY_PLACE = ("noun", "plain", "noun", "plain", "color", "any")  # what stands beside a relation, and how often


@dataclass(frozen=True)
class Description:
    """An object in words. `text` asks for it, `phrase` names it."""

    text: str  # "take the can left of the red mug"
    phrase: str  # "can left of the red mug"
    kind: str  # plain | noun | color | relation


@dataclass(frozen=True)
class _Group:
    """A phrase without a place, and the objects that it could mean to somebody: the target's fellows."""

    phrase: str
    fellows: tuple[str, ...]  # without the target
    exact: int  # how many objects it certainly means, the target among them


def describe(
    target: PlacedObject, objects: Sequence[PlacedObject], catalogue: Catalogue, rng: np.random.Generator
) -> Description | None:
    """Describe an object of the scene in words of the training family; None when nothing tells it from another.

    Where things stand is taken from their poses, and said as relations.py defines it.
    """
    words = family("training")
    others = [placed for placed in objects if placed.name != target.name]
    kinds = dict(words.kinds)
    for kind in ("plain", "noun", "color"):
        if any(_could_mean(kind, target.model, other.model) for other in others):
            kinds.pop(kind, None)
    while kinds:
        weights = np.array(list(kinds.values()))
        if not weights.any():
            return None
        kind = str(rng.choice(list(kinds), p=weights / weights.sum()))
        if kind == "relation":
            phrase = _by_place(target, others, catalogue, words, rng)
        else:
            phrase = _name(kind, target.model, catalogue, words, rng)
        if phrase:
            return Description(instruction_for(phrase, kind, words, rng), phrase, kind)
        del kinds[kind]
    return None


def _could_mean(kind: str, model: ObjectModel, other: ObjectModel) -> bool:
    """Say whether a description of `model` of this kind could mean the other as well."""
    return {"plain": same_name, "noun": same_noun, "color": same_color}.get(kind, lambda *_: True)(model, other)


def _name(
    kind: str, model: ObjectModel, catalogue: Catalogue, words: Family, rng: np.random.Generator, shape: bool = True
) -> str:
    """Return "red mug" (plain), "mug" (noun), "red object" (color) or "object" (any)."""
    if kind in ("color", "any"):
        noun = str(rng.choice(_THINGS))
    elif shape:
        noun = draw_noun(model, catalogue, words, rng)
    else:
        others = other_nouns(model, catalogue, words, shape=False)
        noun = str(rng.choice(others)) if others and rng.uniform() < words.other else model.category
    noun = noun.replace("_", " ")
    return f"{draw_color(model, words, rng)} {noun}" if kind in ("plain", "color") else noun


def instruction_for(phrase: str, kind: str, words: Family, rng: np.random.Generator) -> str:
    """Return a sentence of the family around a phrase that is a description of a kind."""
    # "pick the can left of the red mug up" is what nobody says.
    asking = [sentence for sentence in words.asking if kind != "relation" or sentence.endswith("{}")]
    return str(rng.choice(asking)).format(phrase)


def _by_place(
    target: PlacedObject, others: list[PlacedObject], catalogue: Catalogue, words: Family, rng: np.random.Generator
) -> str | None:
    """Return a phrase with a relation that holds for the target alone, or None."""
    if not others:
        return None
    spots = {placed.name: Spot.of(placed) for placed in (target, *others)}
    kind = str(rng.choice(_BY_PLACE))
    fellows = [placed for placed in others if _could_mean(kind, target.model, placed.model)]
    exact = 1 + sum(_certainly_means(kind, target.model, placed.model) for placed in fellows)
    group = _Group(
        # A shape's own noun ("soup can") is not said of its fellows.
        _name(kind, target.model, catalogue, words, rng, shape=False),
        tuple(placed.name for placed in fellows),
        exact,
    )
    found = [*_extremes(target.name, group, spots)]
    for anchor in others:
        if called := _anchor(anchor, [target, *others], catalogue, words, rng):
            found += _pairs(target.name, anchor.name, called, group, spots)
    if not found:
        return None
    # A way of saying it first: else what compares with every other object would drown what needs none.
    ways = sorted({way for way, _ in found})
    way = str(rng.choice(ways))
    return str(rng.choice([phrase for name, phrase in found if name == way]))


def _certainly_means(kind: str, model: ObjectModel, other: ObjectModel) -> bool:
    noun = kind in ("color", "any") or model.category == other.category
    return noun and (kind in ("noun", "any") or model.color == other.color)


def _anchor(
    anchor: PlacedObject,
    objects: Sequence[PlacedObject],
    catalogue: Catalogue,
    words: Family,
    rng: np.random.Generator,
) -> str | None:
    """Name the other object of a relation, or None when no name without a place means it alone."""
    rest = [placed.model for placed in objects if placed.name != anchor.name]
    kinds = [kind for kind in ("plain", "noun") if not any(_could_mean(kind, anchor.model, other) for other in rest)]
    return _name(str(rng.choice(kinds)), anchor.model, catalogue, words, rng) if kinds else None


def _extremes(target: str, group: _Group, spots: dict[str, Spot]) -> Iterator[tuple[str, str]]:
    """Yield (way of saying, phrase) for the target as the leftmost, nearest, … of its group."""
    if group.exact < 2:
        return
    for way, measure in EXTREMES.items() if len(group.fellows) > 1 else (EXTREMES | SIDES).items():
        if all(measure(spots[target]) >= measure(spots[name]) + CLEAR for name in group.fellows):
            yield way, way.format(group.phrase)


def _pairs(target: str, anchor: str, called: str, group: _Group, spots: dict[str, Spot]) -> Iterator[tuple[str, str]]:
    """Yield (way of saying, phrase) for relations to the anchor that hold for the target and for no fellow."""
    fellows = [spots[name] for name in group.fellows if name != anchor]
    at, to = spots[target], spots[anchor]
    for way, holds in RELATIONS.items():
        if holds(at, to) and all(holds(spot, to) is False for spot in fellows):
            yield way, f"{group.phrase} {way} the {called}"
    if group.exact > 1 and fellows and all(distance(at, to) + CLEAR <= distance(spot, to) for spot in fellows):
        yield "closest to", f"{group.phrase} closest to the {called}"

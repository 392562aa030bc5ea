# SPDX-License-Identifier: Apache-2.0
"""Describe any object of a scene so that it alone is meant: by colour and noun, by either, by its place or its size."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.naming import draw_color, draw_noun, other_nouns, plural
from vla_ros.sim.scenes.objects import same_color, same_name, same_noun
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import Family, family

_THINGS = ("object", "thing")
_BY_PLACE = ("noun", "plain", "noun", "plain", "color", "any")  # what stands beside a relation, and how often


@dataclass(frozen=True)
class Description:
    """An object in words. `text` asks for it, `phrase` names it."""

    text: str  # "take the can left of the red mug"
    phrase: str  # "can left of the red mug"
    kind: str  # plain | noun | color | relation


def describe(
    target: PlacedObject,
    objects: Sequence[PlacedObject],
    catalogue: Catalogue,
    rng: np.random.Generator,
    sized: bool = True,
) -> Description | None:
    """Describe an object of the scene in words of the training family; None when nothing tells it from another.

    Where things stand is taken from their poses, how large they are from their models, and said as relations.py and
    sizes.py define it. `sized`: the models are what stands there, and not others of their kind.
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
            phrase = by_place(target, others, catalogue, words, rng, Table.of(objects, sized=sized))
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


def by_place(
    target: PlacedObject,
    others: list[PlacedObject],
    catalogue: Catalogue,
    words: Family,
    rng: np.random.Generator,
    table: Table,
    kinds: Sequence[str] = _BY_PLACE,
    ways: Collection[str] | None = None,
    other_anchors: bool = False,
) -> str | None:
    """Return a phrase with a place or a size that holds for the target alone, or None.

    `kinds`: what stands beside it, drawn with equal chances. `ways`: keys of places that may be said; None: all.
    `other_anchors`: it is not told by a thing that the same noun could mean.
    """
    if not others:
        return None
    kind = str(rng.choice(kinds))
    fellows = [placed for placed in others if _could_mean(kind, target.model, placed.model)]
    exact = any(_certainly_means(kind, target.model, placed.model) for placed in fellows)
    # A shape's own noun ("soup can") is not said of its fellows.
    phrase, names = _name(kind, target.model, catalogue, words, rng, shape=False), [placed.name for placed in fellows]
    found = [(way, "") for way in table.among(target.name, names)] if exact else []
    for anchor in others:
        if other_anchors and same_noun(anchor.model, target.model):
            continue
        if called := _anchor(anchor, [target, *others], catalogue, words, rng):
            found += [(way, called) for way in table.beside(target.name, anchor.name, names, exact)]
    # A way of saying it first: else what compares with every other object would drown what needs none.
    said = sorted({way for way, _ in found if ways is None or way in ways})
    if not said:
        return None
    way = str(rng.choice(said))
    called = str(rng.choice([called for name, called in found if name == way]))
    text = str(rng.choice(words.places[way]))
    return f"{phrase} {text} the {called}" if called else text.replace("{}s", plural(phrase)).replace("{}", phrase)


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

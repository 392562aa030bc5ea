# SPDX-License-Identifier: Apache-2.0
"""A place, or a size, that tells an object from all others: chosen by what is true first, then put into words."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.naming import name_as, plural
from vla_ros.sim.scenes.objects import same_color, same_name, same_noun
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import Family

NAMED = ("noun", "plain", "noun", "plain", "color", "any")  # what stands beside a place, and how often


@dataclass(frozen=True)
class Place:
    """One way to tell an object from others. Its words may differ."""

    kind: str  # of the name that stands beside it: noun | plain | color | any
    way: str  # a key of a family's places
    anchor: ObjectModel | None = None  # the other thing of a relation
    anchor_kind: str = ""  # of its name


def could_mean(kind: str, model: ObjectModel, other: ObjectModel) -> bool:
    """Say whether a description of `model` of this kind could mean the other as well."""
    return {"plain": same_name, "noun": same_noun, "color": same_color}.get(kind, lambda *_: True)(model, other)


def find_place(
    target: PlacedObject,
    others: Sequence[PlacedObject],
    rng: np.random.Generator,
    table: Table,
    kinds: Sequence[str] = NAMED,
    ways: Collection[str] | None = None,
    other_anchors: bool = False,
) -> Place | None:
    """Return a place or a size that holds for the target alone, or None.

    `kinds`: what stands beside it, drawn with equal chances. `ways`: keys of places that may be said; None: all.
    `other_anchors`: it is not told by a thing that the same noun could mean.
    """
    if not others:
        return None
    kind = str(rng.choice(kinds))
    fellows = [placed for placed in others if could_mean(kind, target.model, placed.model)]
    exact = any(_certainly_means(kind, target.model, placed.model) for placed in fellows)
    names = [placed.name for placed in fellows]
    found = [Place(kind, way) for way in table.among(target.name, names)] if exact else []
    for anchor in others:
        if other_anchors and same_noun(anchor.model, target.model):
            continue
        rest = [placed.model for placed in (target, *others) if placed.name != anchor.name]
        called = [one for one in ("plain", "noun") if not any(could_mean(one, anchor.model, other) for other in rest)]
        if called:
            said = str(rng.choice(called))
            found += [
                Place(kind, way, anchor.model, said) for way in table.beside(target.name, anchor.name, names, exact)
            ]
    # A way of saying it first: else what compares with every other object would drown what needs none.
    possible = sorted({place.way for place in found if ways is None or place.way in ways})
    if not possible:
        return None
    way = str(rng.choice(possible))
    fitting = [place for place in found if place.way == way]
    return fitting[int(rng.integers(len(fitting)))]


def say_place(model: ObjectModel, place: Place, catalogue: Catalogue, words: Family, rng: np.random.Generator) -> str:
    """Return a place in words of a family: "can left of the red mug", "larger of the two mugs"."""
    # A shape's own noun ("soup can") is not said of its fellows.
    phrase = name_as(place.kind, model, catalogue, words, rng, shape=False)
    text = str(rng.choice(words.places[place.way]))
    if place.anchor is not None:
        return f"{phrase} {text} the {name_as(place.anchor_kind, place.anchor, catalogue, words, rng)}"
    return text.replace("{}s", plural(phrase)).replace("{}", phrase)


def _certainly_means(kind: str, model: ObjectModel, other: ObjectModel) -> bool:
    noun = kind in ("color", "any") or model.category == other.category
    return noun and (kind in ("noun", "any") or model.color == other.color)

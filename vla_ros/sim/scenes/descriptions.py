# SPDX-License-Identifier: Apache-2.0
"""Describe any object of a scene so that it alone is meant: by colour and noun, by either, by its place or its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.scenes.naming import name_as
from vla_ros.sim.scenes.places import could_mean, find_place, say_place
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import Family, family


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
    table: Table | None = None,
) -> Description | None:
    """Describe an object of the scene in words of the training family; None when nothing tells it from another.

    Where things stand is taken from their poses, how large they are from their models, and said as relations.py and
    sizes.py define it, unless a `table` says it, by the objects' names.
    """
    words = family("training")
    others = [placed for placed in objects if placed.name != target.name]
    kinds = dict(words.kinds)
    for kind in ("plain", "noun", "color"):
        if any(could_mean(kind, target.model, other.model) for other in others):
            kinds.pop(kind, None)
    while kinds:
        weights = np.array(list(kinds.values()))
        if not weights.any():
            return None
        kind = str(rng.choice(list(kinds), p=weights / weights.sum()))
        if kind == "relation":
            place = find_place(target, others, rng, table or Table.of(objects))
            phrase = say_place(target.model, place, catalogue, words, rng) if place else ""
        else:
            phrase = name_as(kind, target.model, catalogue, words, rng)
        if phrase:
            return Description(instruction_for(phrase, kind, words, rng), phrase, kind)
        del kinds[kind]
    return None


def instruction_for(phrase: str, kind: str, words: Family, rng: np.random.Generator) -> str:
    """Return a sentence of the family around a phrase that is a description of a kind."""
    # "pick the can left of the red mug up" is what nobody says.
    asking = [sentence for sentence in words.asking if kind != "relation" or sentence.endswith("{}")]
    return str(rng.choice(asking)).format(phrase)

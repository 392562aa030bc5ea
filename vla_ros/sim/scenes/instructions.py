# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a colour, a noun, one of a family's ways to ask."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.wording import Family, family


def write_instruction(
    model: ObjectModel, catalogue: Catalogue, rng: np.random.Generator, wording: str = "common"
) -> str:
    """Return a request for the object by colour and noun, for example "pick up the red mug"."""
    words = family(wording)
    # The order of the draws is part of every scene there is: what is new is drawn last.
    asking = str(rng.choice(words.asking))
    noun = draw_noun(model, catalogue, words, rng)
    return asking.format(f"{draw_color(model, words, rng)} {noun}")


def draw_noun(model: ObjectModel, catalogue: Catalogue, words: Family, rng: np.random.Generator) -> str:
    """Return the category's name, or now and then another word for it."""
    other, others = rng.uniform() < words.other, other_nouns(model, catalogue, words)
    return str(rng.choice(others)) if other and others else model.category


def draw_color(model: ObjectModel, words: Family, rng: np.random.Generator) -> str:
    """Return the colour's name, or now and then another word for it."""
    other, others = rng.uniform() < words.other, words.colors.get(model.color, ())
    return str(rng.choice(others)) if other and others else model.color_phrase


def other_nouns(model: ObjectModel, catalogue: Catalogue, words: Family, shape: bool = True) -> list[str]:
    """Return what else the family calls the object; `shape`: also what only its shape is called."""
    nouns = [word for word, category in catalogue.synonyms.items() if category == model.category]
    keys = [model.category]
    if shape and catalogue.procedural and model.category in categories():
        keys.append(f"{model.category}/{categories()[model.category].shapes[model.shape]}")
    return [*(nouns if words.synonyms else ()), *(word for key in keys for word in words.nouns.get(key, ()))]

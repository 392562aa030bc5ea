# SPDX-License-Identifier: Apache-2.0
"""What an object is called: a colour and a noun, in the words of a family."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.category import categories
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.wording import Family

_THINGS = ("object", "thing")


def name_as(
    kind: str, model: ObjectModel, catalogue: Catalogue, words: Family, rng: np.random.Generator, shape: bool = True
) -> str:
    """Return "red mug" (plain), "mug" (noun), "red object" (color) or "object" (any); `shape`: as in other_nouns."""
    if kind in ("color", "any"):
        noun = str(rng.choice(_THINGS))
    elif shape:
        noun = draw_noun(model, catalogue, words, rng)
    else:
        others = other_nouns(model, catalogue, words, shape=False)
        noun = str(rng.choice(others)) if others and rng.uniform() < words.other else model.category
    noun = noun.replace("_", " ")
    return f"{draw_color(model, words, rng)} {noun}" if kind in ("plain", "color") else noun


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


def plural(phrase: str) -> str:
    """Return the plural of a noun phrase, by rule: "red mug" → "red mugs", "brush" → "brushes"."""
    if phrase.endswith(("s", "x", "ch", "sh")):
        return f"{phrase}es"
    if phrase.endswith("y") and phrase[-2:-1] not in "aeiou":
        return f"{phrase[:-1]}ies"
    return f"{phrase}s"

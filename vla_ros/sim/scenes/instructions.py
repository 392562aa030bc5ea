# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a colour, a noun, one of a few ways to ask."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel

_ASKING = (
    "pick up the {}",
    "pick up the {}",
    "grasp the {}",
    "grab the {}",
    "lift the {}",
    "take the {}",
    "pick the {} up",
    "please pick up the {}",
)
_OTHER_WORD = 0.15  # how often a synonym stands for the category's own name


def write_instruction(model: ObjectModel, catalogue: Catalogue, rng: np.random.Generator) -> str:
    """Return a request for the object by colour and noun, for example "pick up the red mug"."""
    asking = str(rng.choice(_ASKING))
    synonyms = [word for word, category in catalogue.synonyms.items() if category == model.category]
    other = rng.uniform() < _OTHER_WORD
    noun = str(rng.choice(synonyms)) if other and synonyms else model.category
    return asking.format(f"{model.color} {noun}")

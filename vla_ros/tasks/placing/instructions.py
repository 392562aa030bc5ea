# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: what, where, and one of a family's ways to say both."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import FAMILIES, Family, family

_WORDING = {"evaluation": "common", "generation": "training"}  # unless another is requested
_SLOTS = ("{object}", "{into}", "{goal}")


@dataclass(frozen=True)
class PlacingWording:
    """The file config/tasks/placing_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    into: dict[str, tuple[str, ...]]  # category of a receptacle → what one puts things

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES):
            raise ConfigError(f"asking must have {', '.join(FAMILIES)}, got {', '.join(self.asking) or 'none'}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if any(sentence.count(slot) != 1 for slot in _SLOTS):
                raise ConfigError(f"asking: '{sentence}' must hold {', '.join(_SLOTS)} once each")


@cache
def placing_wording() -> PlacingWording:
    """Return the sentences."""
    return load_config(share_directory() / "config" / "tasks" / "placing_wording.yaml", PlacingWording)


def instruct(
    target: PlacedObject, goal: PlacedObject, catalogue: Catalogue, stream: str, seed: int, wording: str | None
) -> str:
    """Return a request such as "put the red mug into the blue bin"."""
    wording = wording or _WORDING[stream]
    if wording == "unseen" and stream == "generation":
        raise ConfigError("wording 'unseen' is for stream evaluation: data that held it would spoil the test")
    rng, words, sentences = scene_generator(stream, seed, "words"), family(wording), placing_wording()
    asking = str(rng.choice(sentences.asking[wording]))
    thing, place = (_name(placed, catalogue, words, rng) for placed in (target, goal))
    into = str(rng.choice(sentences.into[goal.model.category]))
    return asking.format(object=thing, into=into, goal=place)


def _name(placed: PlacedObject, catalogue: Catalogue, words: Family, rng: np.random.Generator) -> str:
    noun = draw_noun(placed.model, catalogue, words, rng)
    return f"{draw_color(placed.model, words, rng)} {noun}"

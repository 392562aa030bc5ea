# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: what, where, and one of a family's ways to say both."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import FAMILIES, Family, family, usual_family

_SLOTS = ("{object}", "{into}", "{goal}")


@dataclass(frozen=True)
class PlacingWording:
    """A file config/tasks/<task>_wording.yaml of a task that puts something somewhere."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    into: dict[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # receptacle → what one puts things; none: as placing

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES):
            raise ConfigError(f"asking must have {', '.join(FAMILIES)}, got {', '.join(self.asking) or 'none'}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if any(sentence.count(slot) != 1 for slot in _SLOTS):
                raise ConfigError(f"asking: '{sentence}' must hold {', '.join(_SLOTS)} once each")


@cache
def placing_wording(task: str = "placing") -> PlacingWording:
    """Return the sentences of a task that puts something somewhere."""
    return load_config(share_directory() / "config" / "tasks" / f"{task}_wording.yaml", PlacingWording)


def instruct(
    target: PlacedObject,
    goal: PlacedObject,
    catalogue: Catalogue,
    stream: str,
    seed: int,
    wording: str | None,
    task: str = "placing",
    number: int = 0,
    phrase: str = "",
) -> str:
    """Return a request such as "put the red mug into the blue bin", in the sentences of a task.

    `number`: which of a scene's requests, each with random numbers of its own. `phrase` names the target, such as "left
    mug"; "": its colour and noun do.
    """
    wording = usual_family(stream, wording)
    rng, words = scene_generator(stream, seed, "words", number), family(wording)
    asking = str(rng.choice(placing_wording(task).asking[wording]))
    thing, place = (_name(placed, catalogue, words, rng) for placed in (target, goal))
    into = str(rng.choice(placing_wording().into[goal.model.category]))
    return asking.format(object=phrase or thing, into=into, goal=place)


def _name(placed: PlacedObject, catalogue: Catalogue, words: Family, rng: np.random.Generator) -> str:
    noun = draw_noun(placed.model, catalogue, words, rng)
    return f"{draw_color(placed.model, words, rng)} {noun}"

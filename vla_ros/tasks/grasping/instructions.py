# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a description of the target, one of a family's ways to ask for it."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.descriptions import describe
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.wording import family, usual_family


def instruct(
    placed: tuple[PlacedObject, ...], catalogue: Catalogue, stream: str, seed: int, wording: str | None
) -> str:
    """Ask for the first object."""
    wording = usual_family(stream, wording)
    rng = scene_generator(stream, seed, "words")
    described = describe(placed[0], placed, catalogue, rng) if wording == "training" else None
    return described.text if described else write_instruction(placed[0].model, catalogue, rng, wording)


def write_instruction(
    model: ObjectModel, catalogue: Catalogue, rng: np.random.Generator, wording: str = "common"
) -> str:
    """Return a request for the object by colour and noun, for example "pick up the red mug"."""
    words = family(wording)
    # The order of the draws is part of every scene there is: what is new is drawn last.
    asking = str(rng.choice(words.asking))
    noun = draw_noun(model, catalogue, words, rng)
    return asking.format(f"{draw_color(model, words, rng)} {noun}")

# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a garment by colour and name, and one of a family's ways to ask that it be hung up."""

from __future__ import annotations

from vla_ros.objects.cloth import ClothModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import usual_family
from vla_ros.tasks.asking import Wording, load_wording

_COLORED = 0.5  # share of instructions that name the colour: it lies alone


def hang_wording() -> Wording:
    """Return config/tasks/hang_wording.yaml."""
    return load_wording("hang", "garment")


def instruct(model: ClothModel, stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "hang the red T-shirt on the hanger"."""
    family, sentences = usual_family(stream, wording), hang_wording()
    rng = scene_generator(stream, seed, "words")
    asking = str(rng.choice(sentences.asking[family]))
    noun = str(rng.choice(sentences.nouns[family][model.category]))
    return asking.format(garment=f"{model.color} {noun}" if rng.uniform() < _COLORED else noun)


def names(instruction: str, category: str) -> bool:
    """Say whether an instruction names a garment of a category, in the words of any family."""
    return hang_wording().names(instruction, category)

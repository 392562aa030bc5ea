# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction about a garment that lies alone: its name, its colour or not, and what is asked of it."""

from __future__ import annotations

from vla_ros.objects.cloth import ClothModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import usual_family
from vla_ros.tasks.asking import load_wording

_SLOT = "garment"
_COLORED = 0.5  # share of instructions that name the colour: it lies alone


def instruct(task: str, model: ClothModel, stream: str, seed: int, wording: str | None) -> str:
    """Return a request in the words of a task, such as "fold the red T-shirt in half"."""
    family, sentences = usual_family(stream, wording), load_wording(task, _SLOT)
    rng = scene_generator(stream, seed, "words")
    asking = str(rng.choice(sentences.asking[family]))
    noun = str(rng.choice(sentences.nouns[family][model.category]))
    return asking.format(garment=f"{model.color} {noun}" if rng.uniform() < _COLORED else noun)


def names(task: str, instruction: str, category: str) -> bool:
    """Say whether an instruction names a garment of a category, in the words of any family of a task."""
    return load_wording(task, _SLOT).names(instruction, category)

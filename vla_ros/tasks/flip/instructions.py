# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a parcel, by its label's colour or without, and one way to ask that it be turned."""

from __future__ import annotations

from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import usual_family
from vla_ros.tasks.asking import Wording, load_wording

_PARCEL = "parcel"
_COLORED = 0.4  # share of instructions that name the label's colour: the parcel lies alone


def flip_wording() -> Wording:
    """Return config/tasks/flip_wording.yaml."""
    return load_wording("flip", _PARCEL)


def instruct(model: ObjectModel, stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "flip the parcel with the red stripe so that the label faces up"."""
    family, sentences = usual_family(stream, wording), flip_wording()
    rng = scene_generator(stream, seed, "words")
    asking = str(rng.choice(sentences.asking[family]))
    noun = str(rng.choice(sentences.nouns[family][_PARCEL]))
    return asking.format(parcel=f"{noun} with the {model.color} stripe" if rng.uniform() < _COLORED else noun)


def names(instruction: str) -> bool:
    """Say whether an instruction names a parcel, in the words of any family."""
    return flip_wording().names(instruction, _PARCEL)

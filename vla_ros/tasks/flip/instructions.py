# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a parcel, by its label's colour or without, and one way to ask that it be turned."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import FAMILIES

_WORDING = {"evaluation": "common", "generation": "training"}  # unless another is requested
_SLOT = "{parcel}"
_COLORED = 0.4  # share of instructions that name the label's colour: the parcel lies alone


@dataclass(frozen=True)
class FlipWording:
    """The file config/tasks/flip_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    nouns: dict[str, tuple[str, ...]]  # family → what a parcel is called

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES) or set(self.nouns) != set(FAMILIES):
            raise ConfigError(f"asking and nouns must have {', '.join(FAMILIES)}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if sentence.count(_SLOT) != 1:
                raise ConfigError(f"asking: '{sentence}' must hold {_SLOT} once")
        if shared := set(self.asking["unseen"]) & {*self.asking["common"], *self.asking["training"]}:
            raise ConfigError(f"asking: '{min(shared)}' is unseen, and another family says it")


@cache
def flip_wording() -> FlipWording:
    """Return the sentences."""
    return load_config(share_directory() / "config" / "tasks" / "flip_wording.yaml", FlipWording)


def instruct(model: ObjectModel, stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "flip the parcel with the red stripe so that the label faces up"."""
    wording = wording or _WORDING[stream]
    if wording == "unseen" and stream == "generation":
        raise ConfigError("wording 'unseen' is for stream evaluation: data that held it would spoil the test")
    if wording not in FAMILIES:
        raise ConfigError(unknown_name("wording", wording, FAMILIES))
    rng, sentences = scene_generator(stream, seed, "words"), flip_wording()
    asking = str(rng.choice(sentences.asking[wording]))
    noun = str(rng.choice(sentences.nouns[wording]))
    return asking.format(parcel=f"{noun} with the {model.color} stripe" if rng.uniform() < _COLORED else noun)


def names(instruction: str) -> bool:
    """Say whether an instruction names a parcel, in the words of any family."""
    said = instruction.lower()
    return any(noun in said for nouns in flip_wording().nouns.values() for noun in nouns)

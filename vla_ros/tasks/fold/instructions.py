# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a garment by colour and name, and one of a family's ways to ask that it be folded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.objects.cloth import ClothModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import FAMILIES

_WORDING = {"evaluation": "common", "generation": "training"}  # unless another is requested
_SLOT = "{garment}"
_COLORED = 0.5  # share of instructions that name the colour: it lies alone


@dataclass(frozen=True)
class FoldWording:
    """The file config/tasks/fold_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    nouns: dict[str, dict[str, tuple[str, ...]]]  # family → category → what it is called

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES) or set(self.nouns) != set(FAMILIES):
            raise ConfigError(f"asking and nouns must have {', '.join(FAMILIES)}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if sentence.count(_SLOT) != 1:
                raise ConfigError(f"asking: '{sentence}' must hold {_SLOT} once")
        if shared := set(self.asking["unseen"]) & {*self.asking["common"], *self.asking["training"]}:
            raise ConfigError(f"asking: '{min(shared)}' is unseen, and another family says it")


@cache
def fold_wording() -> FoldWording:
    """Return the sentences."""
    return load_config(share_directory() / "config" / "tasks" / "fold_wording.yaml", FoldWording)


def instruct(model: ClothModel, stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "fold the red T-shirt in half"."""
    wording = wording or _WORDING[stream]
    if wording == "unseen" and stream == "generation":
        raise ConfigError("wording 'unseen' is for stream evaluation: data that held it would spoil the test")
    if wording not in FAMILIES:
        raise ConfigError(unknown_name("wording", wording, FAMILIES))
    rng, sentences = scene_generator(stream, seed, "words"), fold_wording()
    asking = str(rng.choice(sentences.asking[wording]))
    noun = str(rng.choice(sentences.nouns[wording][model.category]))
    return asking.format(garment=f"{model.color} {noun}" if rng.uniform() < _COLORED else noun)


def names(instruction: str, category: str) -> bool:
    """Say whether an instruction names a garment of a category, in the words of any family."""
    said = instruction.lower()
    return any(noun.lower() in said for family in fold_wording().nouns.values() for noun in family[category])

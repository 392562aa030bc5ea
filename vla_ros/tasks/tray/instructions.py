# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a tray and a mat by their colours, and one way to ask that the one be carried there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import load_config, share_directory
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import FAMILIES

_WORDING = {"evaluation": "common", "generation": "training"}  # unless another is requested
_SLOTS = ("tray", "mat")


@dataclass(frozen=True)
class TrayWording:
    """The file config/tasks/tray_wording.yaml."""

    asking: dict[str, tuple[str, ...]]  # family → sentences
    nouns: dict[str, dict[str, tuple[str, ...]]]  # family → tray, mat → what it is called

    def __post_init__(self) -> None:
        if set(self.asking) != set(FAMILIES) or set(self.nouns) != set(FAMILIES):
            raise ConfigError(f"asking and nouns must have {', '.join(FAMILIES)}")
        for sentence in (one for sentences in self.asking.values() for one in sentences):
            if any(sentence.count("{" + slot + "}") != 1 for slot in _SLOTS):
                raise ConfigError(f"asking: '{sentence}' must hold {{tray}} and {{mat}} once")
        if shared := set(self.asking["unseen"]) & {*self.asking["common"], *self.asking["training"]}:
            raise ConfigError(f"asking: '{min(shared)}' is unseen, and another family says it")


@cache
def tray_wording() -> TrayWording:
    """Return the sentences."""
    return load_config(share_directory() / "config" / "tasks" / "tray_wording.yaml", TrayWording)


def instruct(colors: tuple[str, str], stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "carry the red tray to the blue mat"; `colors` are those of tray and mat."""
    wording = wording or _WORDING[stream]
    if wording == "unseen" and stream == "generation":
        raise ConfigError("wording 'unseen' is for stream evaluation: data that held it would spoil the test")
    if wording not in FAMILIES:
        raise ConfigError(unknown_name("wording", wording, FAMILIES))
    rng, sentences = scene_generator(stream, seed, "words"), tray_wording()
    asking, nouns = str(rng.choice(sentences.asking[wording])), sentences.nouns[wording]
    tray, mat = (f"{color} {rng.choice(nouns[slot])}" for slot, color in zip(_SLOTS, colors, strict=True))
    return asking.format(tray=tray, mat=mat)


def names(instruction: str) -> bool:
    """Say whether an instruction names a tray, in the words of any family."""
    said = instruction.lower()
    return any(noun in said for nouns in tray_wording().nouns.values() for noun in nouns["tray"])

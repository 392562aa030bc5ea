# SPDX-License-Identifier: Apache-2.0
"""The words of an instruction: a tray and a mat by their colours, and one way to ask that the one be carried there."""

from __future__ import annotations

from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.wording import usual_family
from vla_ros.tasks.asking import Wording, load_wording

_SLOTS = ("tray", "mat")


def tray_wording() -> Wording:
    """Return config/tasks/tray_wording.yaml."""
    return load_wording("tray", *_SLOTS)


def instruct(colors: tuple[str, str], stream: str, seed: int, wording: str | None) -> str:
    """Return a request such as "carry the red tray to the blue mat"; `colors` are those of tray and mat."""
    family, sentences = usual_family(stream, wording), tray_wording()
    rng = scene_generator(stream, seed, "words")
    asking, nouns = str(rng.choice(sentences.asking[family])), sentences.nouns[family]
    tray, mat = (f"{color} {rng.choice(nouns[slot])}" for slot, color in zip(_SLOTS, colors, strict=True))
    return asking.format(tray=tray, mat=mat)


def names(instruction: str) -> bool:
    """Say whether an instruction names a tray, in the words of any family."""
    return tray_wording().names(instruction, "tray")

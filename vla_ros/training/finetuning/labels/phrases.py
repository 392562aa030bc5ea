# SPDX-License-Identifier: Apache-2.0
"""What an instruction names: "pick up the gray elbow" → "gray elbow"."""

from __future__ import annotations

import re
from functools import cache

from vla_ros.policies.graspvla.small.word_tokens import color_words
from vla_ros.sim.scenes.relations import EXTREMES, RELATIONS
from vla_ros.sim.scenes.wording import FAMILIES, family

_PLACES = re.compile(r"\b(" + "|".join([*RELATIONS, "closest", "nearest", *(way.split()[0] for way in EXTREMES)]) + ")")


def named_thing(instruction: str) -> str:
    """Return "colour noun" when the instruction asks for one thing by these, and "" when it says it otherwise."""
    text = " ".join(re.findall(r"[a-z0-9]+", instruction.lower()))
    found = [match[1] for pattern in _ways_of_asking() if (match := pattern.fullmatch(text))]
    phrase = min(found, key=len, default="")
    color, _, noun = phrase.partition(" ")
    plain = noun and color in color_words() and not _PLACES.search(phrase)
    return phrase if plain else ""


@cache
def _ways_of_asking() -> tuple[re.Pattern[str], ...]:
    sentences = {sentence for name in FAMILIES for sentence in family(name).asking}
    plain = sorted(" ".join(re.findall(r"[a-z0-9{}]+", sentence.lower())) for sentence in sentences)
    return tuple(re.compile(re.escape(sentence).replace(r"\{\}", "(.+)")) for sentence in plain)

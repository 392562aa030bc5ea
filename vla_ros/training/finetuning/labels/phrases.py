# SPDX-License-Identifier: Apache-2.0
"""What an instruction names: "pick up the gray elbow" → "gray elbow", and by which part it is to be taken."""

from __future__ import annotations

import re
from functools import cache

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.policies.backbone.word_tokens import color_words
from vla_ros.policies.graspvla.small.part_search import split_part
from vla_ros.sim.scenes.wording import FAMILIES, family


def named_thing(instruction: str) -> str:
    """Return "colour noun" when the instruction asks for one thing by these, and "" when it says it otherwise.

    A part by which it is to be taken is left out.
    """
    text = _plain(split_part(instruction)[0])
    found = [match[1] for pattern in _ways_of_asking() if (match := pattern.fullmatch(text))]
    phrase = min(found, key=len, default="")
    colors, nouns = _other_words()
    word = max((word for word in colors if phrase.startswith(f"{word} ")), key=len, default=phrase.partition(" ")[0])
    noun = phrase[len(word) :].strip()
    if not noun or _places().search(phrase) or (word not in colors and word not in color_words()):
        return ""
    return f"{colors.get(word, word)} {nouns.get(noun, noun)}"


@cache
def _places() -> re.Pattern[str]:
    """Match what says where a thing stands, or how large it is."""
    said = {part.strip() for name in FAMILIES for phrase in family(name).said_of_places for part in phrase.split("{}")}
    return re.compile(r"\b(" + "|".join(re.escape(_plain(part)) for part in sorted(said - {"", "s"})) + r")\b")


@cache
def _other_words() -> tuple[dict[str, str], dict[str, str]]:
    """Return the colour and the category that other words say, where there is one."""
    catalogue = load_catalogue()
    colors, nouns = {color: color for color in catalogue.colors}, dict(catalogue.synonyms)
    for words in map(family, ("common", "training")):
        colors |= {_plain(other): color for color, others in words.colors.items() for other in others}
        nouns |= {_plain(other): key.split("/")[0] for key, others in words.nouns.items() for other in others}
    return colors, nouns


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))


@cache
def _ways_of_asking() -> tuple[re.Pattern[str], ...]:
    sentences = {sentence for name in FAMILIES for sentence in family(name).asking}
    plain = sorted(" ".join(re.findall(r"[a-z0-9{}]+", sentence.lower())) for sentence in sentences)
    return tuple(re.compile(re.escape(sentence).replace(r"\{\}", "(.+)")) for sentence in plain)

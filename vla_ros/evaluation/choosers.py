# SPDX-License-Identifier: Apache-2.0
"""What choosers that understand little would expect: beside every result, so that it is not taken for more than it is.

Each returns the probability that the first object such a chooser takes is the one that the instruction means, or that
it takes none where what is asked for is not there; None where the instruction means no single one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from vla_ros.objects.category import categories
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.wording import FAMILIES, TO_ANOTHER, family


def chance(scene: Scene) -> float | None:
    """Return the probability with which any object of the scene, drawn at random, is the right one."""
    return _one_of(scene, lambda model: True)


def color_alone(scene: Scene) -> float | None:
    """Return that of a chooser who reads the colour of the instruction and nothing else of it.

    It sees every object's colour without error and draws one of those that have it; without a word of colour, or with
    one that the catalogue gives to no object, it draws any. What another thing is called, by which the instruction
    says where to look, it does not take for the colour.
    """
    color = _color(scene)
    return _one_of(scene, lambda model: not color or model.color == color)


def noun_alone(scene: Scene) -> float | None:
    """Return that of a chooser who reads the noun and nothing else, and sees every object's category without error.

    Without a noun it draws any.
    """
    noun = _noun(scene)
    return _one_of(scene, lambda model: not noun or model.category == noun)


def name_alone(scene: Scene) -> float | None:
    """Return that of a chooser who reads colour and noun, sees both without error, and no relation and no size."""
    color, noun = _color(scene), _noun(scene)
    return _one_of(scene, lambda model: (not color or model.color == color) and (not noun or model.category == noun))


CHOOSERS: dict[str, Callable[[Scene], float | None]] = {
    "chance": chance,
    "color_alone": color_alone,
    "noun_alone": noun_alone,
    "name_alone": name_alone,
}


def expected(scene: Scene) -> dict[str, Any]:
    """Return what each chooser expects in a scene, by its name: fields of an EpisodeResult."""
    return {name: chooser(scene) for name, chooser in CHOOSERS.items()}


def _one_of(scene: Scene, takes: Callable[[ObjectModel], bool]) -> float | None:
    fitting = sum(takes(placed.model) for placed in scene.objects)
    if scene.absent:
        return float(fitting == 0)
    return 1.0 / fitting if scene.target else None


def _color(scene: Scene) -> str:
    """Return the colour that the instruction says of the target, or of what is not there; "" without one."""
    if scene.absent:
        return next((name for name in color_ranges() if _says(_head(scene.instruction), _color_words(name))), "")
    color = scene.target_object.model.color if scene.target else ""
    return color if color and _says(_head(scene.instruction), _color_words(color)) else ""


def _noun(scene: Scene) -> str:
    """Return the category that the instruction says of the target, or of what is not there; "" without one."""
    if scene.absent:
        return next((name for name in categories() if _says(_head(scene.instruction), _nouns(name), plural=True)), "")
    category = scene.target_object.model.category if scene.target else ""
    return category if category and _says(_head(scene.instruction), _nouns(category), plural=True) else ""


def _head(instruction: str) -> str:
    """Return an instruction up to the relation to another thing."""
    return re.split(_to_another(), instruction, maxsplit=1)[0]


@cache
def _to_another() -> re.Pattern[str]:
    ways = sorted({phrase for name in FAMILIES for way in TO_ANOTHER for phrase in family(name).places[way]})
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ways))}) the\b", re.IGNORECASE)


@cache
def _color_words(color: str) -> frozenset[str]:
    return frozenset({color, *(word for name in FAMILIES for word in family(name).colors.get(color, ()))})


@cache
def _nouns(category: str) -> Sequence[str]:
    known = categories()[category].synonyms if category in categories() else ()
    own = [word for name in FAMILIES for key, words in family(name).nouns.items() for word in words
           if key.split("/")[0] == category]  # fmt: skip
    return tuple(word.replace("_", " ") for word in (category, *known, *own))


def _says(instruction: str, words: Iterable[str], plural: bool = False) -> bool:
    end = "(?:e?s)?" if plural else ""
    return any(re.search(rf"\b{re.escape(word)}{end}\b", instruction, re.IGNORECASE) for word in words)

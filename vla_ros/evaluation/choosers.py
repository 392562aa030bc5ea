# SPDX-License-Identifier: Apache-2.0
"""What choosers that understand little would expect: beside every result, so that it is not taken for more than it is.

Each returns the probability that the first object such a chooser takes is the one that the instruction means.
"""

from __future__ import annotations

import re

from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.wording import FAMILIES, family


def chance(scene: Scene) -> float | None:
    """Return the probability with which any object of the scene, drawn at random, is the right one.

    None where the instruction means no single one.
    """
    return 1.0 / len(scene.objects) if scene.target else None


def color_alone(scene: Scene) -> float | None:
    """Return that of a chooser who reads the colour of the instruction and nothing else of it.

    It sees every object's colour without error and draws one of those that have it; without a word of colour, or with
    one that the catalogue gives to no object, it draws any.
    """
    if not scene.target:
        return None
    color = scene.target_object.model.color
    if not color or not _says(scene.instruction, color):
        return chance(scene)
    return 1.0 / sum(placed.model.color == color for placed in scene.objects)


def _says(instruction: str, color: str) -> bool:
    words = {color, *(word for name in FAMILIES for word in family(name).colors.get(color, ()))}
    return any(re.search(rf"\b{re.escape(word)}\b", instruction, re.IGNORECASE) for word in words)

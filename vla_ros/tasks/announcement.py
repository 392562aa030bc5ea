# SPDX-License-Identifier: Apache-2.0
"""A scene in plain values: what `sim/scene` says of it, and what a judge is made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.referring.meaning import category_words
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.task import Task


def announcement(task: Task, scene: Scene, catalogue: Catalogue | None = None) -> dict[str, Any]:
    """Return a scene's numbers, sentence and bodies, and the facts of its task.

    With a `catalogue` objects carry all that they may be called: what a judge needs who reads another instruction.
    """
    nouns: Mapping[str, str] = {}
    if catalogue is None:
        objects = [SceneObject(one.name, one.model.category, one.model.color) for one in scene.objects]
    else:
        objects = [SceneObject.of(placed, catalogue) for placed in scene.objects]
        if not catalogue.procedural:  # what a folder's objects are called; of the built-in ones everybody knows it
            nouns = {category_words(name): name for name in catalogue.categories} | dict(catalogue.synonyms)
    fixtures = [
        {
            "name": one.name,
            "category": one.model.category,
            "color": one.model.color,
            "joints": {name: list(link.joint.range) for name, link in zip(one.joints, one.model.links, strict=True)},
        }
        for one in scene.fixtures
    ]
    cloths = [
        {
            "name": one.name,
            "category": one.model.category,
            "color": one.model.color,
            "size": list(one.model.size),
            "count": list(one.model.count),
        }
        for one in scene.cloths
    ]
    return {
        "set": scene.set_name,
        "seed": scene.seed,
        "stream": scene.stream,
        "objects": [one.values() for one in objects],
        "nouns": nouns,
        "fixtures": fixtures,
        "cloths": cloths,
        "target": scene.target,
        "instruction": scene.instruction,
        "prompts": list(task.prompts(scene)),
        **task.facts(scene),
    }

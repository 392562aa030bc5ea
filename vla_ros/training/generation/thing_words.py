# SPDX-License-Identifier: Apache-2.0
"""Words that mean one thing of a scene alone: objects by what tells them apart, furniture and cloths by their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.sim.scenes.descriptions import describe, instruction_for
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import family
from vla_ros.tasks.named_things import NamedThing

NAMES = ("plain", "noun")  # kinds of a description that furniture and cloths beside the object do not make doubtful


class ThingWords:
    """Words for the things of one scene."""

    def __init__(self, scene: Scene, things: Sequence[NamedThing], catalogue: Catalogue) -> None:
        self._scene, self._things, self._catalogue = scene, things, catalogue
        self._objects = {placed.name: placed for placed in scene.objects}
        self._cloths = {placed.name for placed in scene.cloths}

    def say(self, number: int, rng: np.random.Generator, table: Table | None = None) -> str:
        """Return a sentence that means a thing alone; "" where the way that was drawn says nothing of it.

        `table`: where the objects stand now, by name; None: where the scene has them.
        """
        thing = self._things[number]
        if thing.body not in self._objects:
            return self._named(thing, rng)
        said = describe(self._objects[thing.body], self._scene.objects, self._catalogue, rng, table)
        only_objects = len(self._objects) == len(self._things)
        return said.text if said is not None and (only_objects or said.kind in NAMES) else ""

    def _named(self, thing: NamedThing, rng: np.random.Generator) -> str:
        """Return a request for a cloth, and what furniture is called: nobody picks that up."""
        phrases = [thing.phrase] if thing.phrase else []
        others = [one for one in self._things if one.body != thing.body]
        if all(one.category != thing.category for one in others):
            phrases.append(thing.category)
        if all(one.label != thing.label for one in others):
            phrases.append(thing.label)
        if not phrases:
            return ""
        phrase = str(rng.choice(phrases))
        if thing.body in self._cloths:
            return instruction_for(phrase, "plain", family("training"), rng)
        return f"the {phrase}"

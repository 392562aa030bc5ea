# SPDX-License-Identifier: Apache-2.0
"""What stands in a task's scene and has a name: what pictures with boxes show. docs/generation.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from controllers.errors import ConfigError
from vla_ros.sim.scenes.placed import PlacedCloth, PlacedFixture
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.tasks.task import Task


@dataclass(frozen=True)
class NamedThing:
    """Something that stands in a scene and has a name."""

    body: str  # name in the scene of a rigid object, a cloth, a fixture, or of a fixture's joint: what moves on it
    color: str
    category: str
    phrase: str = ""  # that names it alone, "top drawer"; empty: its colour and category, where that is enough

    @property
    def label(self) -> str:
        """Return what it is, "red mug"."""
        return f"{self.color} {self.category}"


@runtime_checkable
class NamesThings(Protocol):
    """What a task has beside a `Task` whose scenes can be shown in pictures with boxes alone."""

    def things(self, scene: Scene) -> tuple[NamedThing, ...]:
        """Return what stands in a scene and has a name, each once."""


def scene_things(scene: Scene) -> tuple[NamedThing, ...]:
    """Return everything of a scene by colour and category: rigid objects first, then cloths and fixtures."""
    placed: tuple[PlacedObject | PlacedCloth | PlacedFixture, ...]
    placed = (*scene.objects, *scene.cloths, *scene.fixtures)
    return tuple(NamedThing(one.name, one.model.color, one.model.category) for one in placed)


def naming(task: Task, name: str) -> NamesThings:
    """Return a task that says what stands in its scenes. Raises ConfigError for another; `name`: the task's."""
    if not isinstance(task, NamesThings):
        raise ConfigError(
            f"grounding: task '{name}' does not say what stands in its scenes (`things`, docs/add_a_task.md): "
            "give --grounding 0"
        )
    return task

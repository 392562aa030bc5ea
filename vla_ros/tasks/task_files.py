# SPDX-License-Identifier: Apache-2.0
"""What config/tasks says of a task: the sets of its scenes, its limits and thresholds; what stands in a scene."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Generic, TypeVar, cast

from vla_ros.configuration import config_file, load_config
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneSets, load_sets
from vla_ros.tasks.judging import TaskLimits
from vla_ros.tasks.named_things import NamedThing, scene_things

Limits = TypeVar("Limits", bound=TaskLimits)


class TaskFiles(Generic[Limits]):
    """A task whose files are config/tasks/<name>_sets.yaml and <name>.yaml."""

    name: ClassVar[str]
    limits_type: ClassVar[type[TaskLimits]]

    @property
    def sets(self) -> SceneSets:
        """Return what scenes are drawn from, and the sets by name."""
        return load_sets(self.name)

    @cached_property
    def limits(self) -> Limits:
        """Return limits and thresholds. Raises ConfigError for a file that has others."""
        file = config_file("tasks", f"{self.name}.yaml")
        return cast(Limits, load_config(file, self.limits_type))

    @property
    def takes_several(self) -> bool:
        """Say that its judge takes one sentence; a task that takes several says otherwise."""
        return False

    @property
    def takes_cups(self) -> bool:
        """Say that it is judged by what grippers do; a task that cups can do says otherwise."""
        return False

    def things(self, scene: Scene) -> tuple[NamedThing, ...]:
        """Return what stands in a scene and has a name: all of it, by colour and category."""
        return scene_things(scene)

# SPDX-License-Identifier: Apache-2.0
"""What config/tasks says of a task: the sets of its scenes, its limits and thresholds."""

from __future__ import annotations

from functools import cached_property
from typing import ClassVar, Generic, TypeVar, cast

from vla_ros.configuration import config_file, load_config
from vla_ros.sim.scenes.sets import SceneSets, load_sets
from vla_ros.tasks.judging import TaskLimits

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

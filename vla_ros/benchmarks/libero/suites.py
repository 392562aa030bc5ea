# SPDX-License-Identifier: Apache-2.0
"""Which of LIBERO's tasks are asked, in which words, and what counts: config/benchmarks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, config_file, load_config
from vla_ros.documents import read_yaml
from vla_ros.robots.cameras import look_at
from vla_ros.sim.scenes.scene import SceneCamera

FOLDER = "benchmarks"
Point = tuple[float, float, float]  # [m]


@dataclass(frozen=True)
class CameraPlace:
    """Where a camera stands and what it looks at, in the arm's base."""

    position: Point
    look_at: Point


@dataclass(frozen=True)
class LiberoConfig:
    """What all tasks share."""

    cameras: dict[str, CameraPlace]
    camera_fovy: float  # [degrees] vertical
    finger_extension: float  # [m]
    settle_s: float  # [s]
    paper_lift: float  # [m]
    hidden: tuple[str, ...] = ()  # kinds of objects that are taken away
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # kinds of objects that count as the same
    colors: dict[str, tuple[str, ...]] = field(default_factory=dict)  # kinds of objects by a word of colour
    paper: dict[str, float] = field(default_factory=dict)  # [%] success of GraspVLA by suite

    def __post_init__(self) -> None:
        kinds = [kind for members in self.classes.values() for kind in members]
        if twice := {kind for kind in kinds if kinds.count(kind) > 1}:
            raise ConfigError(f"classes: '{min(twice)}' is in two of them: name each kind once")
        if not 0.0 < self.paper_lift <= 0.5 or not 0.0 <= self.settle_s <= 10.0:
            raise ConfigError(f"paper_lift {self.paper_lift} m or settle_s {self.settle_s} s: 0 to 0.5 m, 0 to 10 s")

    @cached_property
    def scene_cameras(self) -> tuple[SceneCamera, ...]:
        """Return the cameras, published as they truly stand."""
        poses = {name: look_at(np.array(one.position), np.array(one.look_at)) for name, one in self.cameras.items()}
        return tuple(SceneCamera(name, T, T, self.camera_fovy) for name, T in poses.items())

    def color_alone(self, task: LiberoTask, objects: Sequence[str]) -> float:
        """Return the probability with which a chooser by the sentence's colour alone takes an object that counts.

        Without a word of colour, or where nothing has it, it draws any: chance.
        """
        alike = [name for name in objects if any(f" {word} " in task.say and kind_of(name) in kinds
                                                 for word, kinds in self.colors.items())]  # fmt: skip
        drawn = alike if set(task.targets) & set(alike) else list(objects)
        return len(set(task.targets) & set(drawn)) / len(drawn)

    def class_of(self, name: str) -> str:
        """Return the class of an object of LIBERO; a kind that is in none is a class of its own."""
        kind = kind_of(name)
        return next((one for one, members in self.classes.items() if kind in members), kind)


@dataclass(frozen=True)
class TaskEntry:
    """One task as the file has it."""

    say: str = ""
    targets: tuple[str, ...] = ()  # each of them counts
    excluded: str = ""  # why it is not asked
    paper: bool = True  # it is one of those that GraspVLA's table counts, where its suite is there

    def __post_init__(self) -> None:
        if bool(self.excluded) == bool(self.say) or bool(self.say) != bool(self.targets):
            raise ConfigError("a task needs 'say' and 'targets', or 'excluded' with the reason")


@dataclass(frozen=True)
class LiberoTask:
    """One task that is asked."""

    suite: str
    name: str
    say: str
    targets: tuple[str, ...]
    paper: bool


Entries = Mapping[str, Mapping[str, TaskEntry]]


def kind_of(name: str) -> str:
    """Return an object's kind: its name without the number that LIBERO ends it with."""
    stem, _, number = name.rpartition("_")
    return stem if stem and number.isdigit() else name


def load_libero() -> LiberoConfig:
    """Read what all tasks share."""
    return load_config(config_file(FOLDER, "libero.yaml"), LiberoConfig)


def load_entries() -> Entries:
    """Read every suite's tasks, those that are not asked included."""
    path = config_file(FOLDER, "libero_tasks.yaml")
    content = read_yaml(path)
    if not isinstance(content, dict) or not all(isinstance(tasks, dict) for tasks in content.values()):
        raise ConfigError(f"{path}: must be suites, each with its tasks by name")
    return {
        suite: {name: build(TaskEntry, entry, f"{path}, {suite}, {name}") for name, entry in tasks.items()}
        for suite, tasks in content.items()
    }


def asked(suite: str, entries: Entries | None = None) -> tuple[LiberoTask, ...]:
    """Return the tasks of a suite that are asked. Raises ConfigError that names the nearest suite."""
    entries = load_entries() if entries is None else entries
    if suite not in entries:
        raise ConfigError(unknown_name("suite", suite, entries))
    return tuple(
        LiberoTask(suite, name, entry.say, entry.targets, entry.paper)
        for name, entry in entries[suite].items()
        if not entry.excluded
    )

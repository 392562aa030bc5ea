# SPDX-License-Identifier: Apache-2.0
"""A task file, config/tasks/collect_*.yaml: actions × objects × backgrounds × positions, how many episodes of each."""

from __future__ import annotations

import itertools
import string
from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import build, config_path
from vla_ros.documents import read_yaml
from vla_ros.seed_range import check_seed

FACTORS = ("action", "object", "background", "position")
CELLS_MAX = 5000
_WORDS = set(FACTORS)


@dataclass(frozen=True)
class Action:
    """What is done. Both texts may name {object}, {background} and {position}."""

    instruction: str = ""  # what the policy will be told; empty: what the simulated scene says of itself
    text: str = ""  # what the operator is told to do; empty: the instruction, or where that is empty the task's prompts

    def __post_init__(self) -> None:
        for text in (self.instruction, self.text):
            _check_template(text)


@dataclass(frozen=True)
class ObjectChoice:
    """What it is done to."""

    words: str = ""  # in the instruction; empty: its name
    target: str = ""  # in the simulator, as launch's target:=; empty: its name
    beside: str = ""  # what else lies there, in words for the operator


@dataclass(frozen=True)
class Background:
    """Where it is done, what light there is."""

    text: str = ""  # how the operator arranges it; empty: its name
    set: str = "basic"  # in the simulator: a set of the task, config/tasks/<task>_sets.yaml


@dataclass(frozen=True)
class Position:
    """Where the object stands."""

    text: str = ""  # where the operator puts it; empty: its name
    place: str | None = None  # in the simulator, as launch's place:=; none given: its name


@dataclass(frozen=True)
class Cell:
    """One combination."""

    action: str
    object: str
    background: str = ""
    position: str = ""

    @property
    def values(self) -> tuple[str, str, str, str]:
        """Return its four names, in the order of FACTORS."""
        return self.action, self.object, self.background, self.position

    @property
    def text(self) -> str:
        """Return it in words."""
        return ", ".join(value for value in self.values if value)

    def as_dict(self) -> dict[str, str]:
        """Return its names by factor."""
        return dict(zip(FACTORS, self.values, strict=True))


@dataclass(frozen=True)
class Without:
    """Combinations that make no sense: those that have all of the names that are given."""

    action: str = ""
    object: str = ""
    background: str = ""
    position: str = ""

    def covers(self, cell: Cell) -> bool:
        """Say whether a cell is one of them."""
        return all(getattr(self, name) in ("", value) for name, value in zip(FACTORS, cell.values, strict=True))


@dataclass(frozen=True)
class CollectTask:
    """The whole file."""

    name: str
    actions: dict[str, Action]
    objects: dict[str, ObjectChoice]
    backgrounds: dict[str, Background] = field(default_factory=lambda: {"": Background()})
    positions: dict[str, Position] = field(default_factory=lambda: {"": Position(place="")})
    task: str = ""  # of the simulated scenes, as launch's task:=; empty: the default one
    each: int = 1  # episodes of every combination
    without: tuple[Without, ...] = ()
    simulated: bool = False  # the simulator shows each scene
    seed: int = 0  # of the first simulated scene; every new prompt takes the next number
    stream: str = "generation"  # what is learned from must not be what is evaluated on
    categories: str = "action"  # of the objects beside the target
    folder: str = ""  # of your own objects, for the simulator

    def __post_init__(self) -> None:
        if not self.name or not set(self.name) <= set(string.ascii_letters + string.digits + "_-"):
            raise ConfigError(f"name '{self.name}': give letters, digits, _ and -")
        if not 1 <= self.each <= 100_000:
            raise ConfigError(f"each must be 1 to 100000, got {self.each}")
        check_seed(self.seed, "seed")
        if self.stream not in ("evaluation", "generation"):
            raise ConfigError(unknown_name("stream", self.stream, ("evaluation", "generation")))
        if not self.actions or not self.objects or not self.backgrounds or not self.positions:
            raise ConfigError(
                "actions and objects must not be empty, nor backgrounds and positions where they are given"
            )
        if not self.simulated and not all(action.instruction.strip() for action in self.actions.values()):
            raise ConfigError("instruction must not be empty: only a simulated scene has words of its own")
        for item in self.without:
            for factor, known in zip(FACTORS, self._axes, strict=True):
                if (given := getattr(item, factor)) and given not in known:
                    raise ConfigError(f"without: {unknown_name(factor, given, known)}")
            if item == Without():
                raise ConfigError("without: an entry without a name would leave nothing")
        count = len(self.actions) * len(self.objects) * len(self.backgrounds) * len(self.positions)
        if count > CELLS_MAX:
            raise ConfigError(f"{count} combinations are more than {CELLS_MAX}: make several tasks of it")
        if not self.cells:
            raise ConfigError("without leaves no combination")

    @property
    def _axes(self) -> tuple[tuple[str, ...], ...]:
        return tuple(self.actions), tuple(self.objects), tuple(self.backgrounds), tuple(self.positions)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return all combinations that make sense, in the order of the file."""
        cells = (Cell(*names) for names in itertools.product(*self._axes))
        return tuple(cell for cell in cells if not any(item.covers(cell) for item in self.without))


def task_path(name: str) -> Path:
    """Return the file of a task: the file itself, or config/tasks/collect_<name>.yaml. Raises ConfigError."""
    return config_path("tasks", "schedule", name, prefix="collect_")


def load_task(path: Path) -> CollectTask:
    """Read a task file. Raises ConfigError."""
    return build(CollectTask, read_yaml(path), str(path))


def _check_template(text: str) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        raise ConfigError(f"'{text}': {error}") from None
    for name in names:
        if name not in _WORDS:
            raise ConfigError(f"'{text}': {unknown_name('word', name, FACTORS)}")

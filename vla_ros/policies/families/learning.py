# SPDX-License-Identifier: Apache-2.0
"""How a family learns: what its specification names, and what `vla train` and `vla finetune` give to it.

Training stands above policies and may see the simulator, so that a specification names what trains it and does not
import it.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from controllers.errors import ConfigError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Settings = TypeVar("Settings", bound="DataclassInstance")
EVALUATION = ("evaluate", "objects", "set_name", "by_part", "wording", "seed", "workers")  # options, of `vla finetune`


class DataMaker(Protocol):
    """Who generates demonstrations where none are given."""

    def check(self, settings: str = "") -> None:
        """Raise ConfigError where none could be, or where these settings of config/generate cannot be read."""
        ...

    def make(self, settings: str, episodes: int, grounding: int, folder: Path, contract: str) -> bool:
        """Generate what is missing in a folder by a contract; tell whether all is there."""
        ...


@dataclass(frozen=True)
class DataAmounts:
    """How much data is generated."""

    episodes: int  # demonstrations
    scenes: int  # grounding scenes

    @classmethod
    def parse(cls, text: str) -> DataAmounts:
        """Read EPISODES:SCENES, the value of --generate. Raises ConfigError."""
        episodes, colon, scenes = text.partition(":")
        if not (episodes.isdecimal() and colon and scenes.isdecimal()):
            raise ConfigError(f"--generate {text}: give EPISODES:SCENES, such as 60:240")
        return cls(int(episodes), int(scenes))


@dataclass(frozen=True)
class TrainingRequest:
    """The words of `vla train`; None and "" where one was not given. Raises ConfigError for words at odds."""

    config: str  # a name from config/train, or a .yaml file
    data: tuple[Path, ...] | None  # folders of datasets
    output: Path
    generate: DataAmounts | None = None
    stages: str | None = None
    threads: int | None = None
    json: str | None = None  # file for the figures

    def __post_init__(self) -> None:
        if self.generate is not None and self.data is not None:
            raise ConfigError("--generate and --data: give one of them")

    @property
    def sources(self) -> tuple[Path, ...]:
        """Return the folders that are read."""
        return self.data or ()

    def threaded(self, settings: Settings) -> Settings:
        """Return settings, a data class with `threads`, with those that were given."""
        return settings if self.threads is None else dataclasses.replace(settings, threads=self.threads)


@dataclass(frozen=True)
class FinetuningRequest:
    """The words of `vla finetune`; None and "" where one was not given."""

    config: str  # a name from config/finetune, or a .yaml file
    checkpoint: Path
    datasets: tuple[Path, ...]
    output: Path
    original: tuple[Path, ...] | None = None
    generate: DataAmounts | None = None
    stages: str | None = None
    boxes_only: bool = False
    label_anew: bool = False
    threads: int | None = None
    evaluate: int = 0  # scenes
    objects: str | None = None
    set_name: str = "basic"
    by_part: bool = False
    wording: str = "common"
    seed: int = 1000
    workers: int = 1
    json: str | None = None

    @property
    def sources(self) -> tuple[Path, ...]:
        """Return the folders that are read."""
        return (self.checkpoint, *self.datasets, *(self.original or ()))


Learner = Callable[[Any, DataMaker], int]  # takes one of the requests and returns the exit code


@dataclass(frozen=True)
class Learning:
    """What trains a family, or goes on with its checkpoints."""

    by: str | Learner  # the function, or MODULE:NAME of it
    config: str  # its settings where none are named: a name from config/train or config/finetune, or a .yaml file
    options: tuple[str, ...] = ()  # of those of its request that have a default; threads and json are every family's

    def learner(self) -> Learner:
        """Return what does it. Raises ConfigError where there is no such thing."""
        if not isinstance(self.by, str):
            return self.by
        module, _, name = self.by.partition(":")
        try:
            return getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            reason = f"{error}".splitlines()[0]
            raise ConfigError(f"what trains the policy cannot be had ({self.by}: {reason})") from None

# SPDX-License-Identifier: Apache-2.0
"""What a policy family says of itself and does: its specification, a subclass of `PolicyFamily`.

One object is one choice: this family for that robot with these settings. Making it reads no weights and imports no
PyTorch, so that a command line can ask before anything starts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from vla_ros.configuration import build
from vla_ros.policies.base import Policy
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.families.learning import Learning
from vla_ros.policies.families.weights import Weights, without_weights
from vla_ros.policies.needs import Needs
from vla_ros.robots.embodiment import Embodiment


@dataclass(frozen=True, eq=False)
class PolicyChoice:
    """What was requested."""

    name: str
    robot: Embodiment
    objects: str | Path | None = None  # folder of the user's own objects
    checkpoint: str = ""  # folder of weights; empty: the one of the settings
    settings: Mapping[str, Any] = field(default_factory=dict)  # of config/policies/<name>.yaml
    chunking: Any = None  # of that file: how chunks are joined
    where: str = ""  # that file, for errors


class PolicyFamily(ABC):
    """A specification. Raises ConfigError when it is made for settings that it does not know."""

    summary: ClassVar[str] = "your own policy"  # one line
    learned: ClassVar[bool] = False  # it has weights, and takes checkpoint:=
    checkpoint_kind: ClassVar[str] = ""  # as config.json of its checkpoints says
    packages: ClassVar[Sequence[str]] = ()  # that it needs beside those that all need
    train: ClassVar[Learning | None] = None  # how it learns from datasets (vla train); None: it does not
    finetune: ClassVar[Learning | None] = None  # how it goes on from a checkpoint (vla finetune); None: it does not
    weights: Path | None = None  # the folder of this choice's
    license: str = ""  # of those weights, where it is told

    def __init__(self, choice: PolicyChoice) -> None:
        """Read the settings."""
        self.choice = choice

    def check(self) -> None:  # noqa: B027  (one without files has nothing to check)
        """Raise ConfigError for what `load` could not do: a package, a file or the robot that does not fit."""

    @abstractmethod
    def needs(self) -> Needs:
        """Return what the policy must be given. Raises ConfigError as `check` does."""

    @abstractmethod
    def gives(self) -> ActionContract | None:
        """Return what its actions move and mean; None where only its chunks say. Raises ConfigError as `check` does."""

    @property
    def served_as(self) -> str:
        """Say in a few words what this is, to who serves it."""
        return self.choice.name

    def period(self) -> float | None:
        """Return the time between the points of its chunks [s]; None where only they say. Raises as `check` does."""
        return None

    @abstractmethod
    def load(self) -> Policy:
        """Return the policy, ready to infer. Raises ConfigError as `check` does."""


class LearnedFamily(PolicyFamily):
    """A specification of a family whose weights lie in a folder."""

    learned = True
    settings: ClassVar[type[Weights]] = Weights  # what its YAML says
    remedy: ClassVar[str]  # where weights come from
    instead: ClassVar[str] = ""  # what is to be done without any; empty: what moves the robot without them

    def __init__(self, choice: PolicyChoice) -> None:
        """Read the settings; `checkpoint` of the choice comes before theirs."""
        super().__init__(choice)
        settings = dict(choice.settings) | ({"checkpoint": choice.checkpoint} if choice.checkpoint else {})
        self._weights = build(self.settings, settings, choice.where)
        self.weights, self.license = self._weights.named, self._weights.license

    def _check_files(self) -> None:
        """Raise ConfigError when packages or files are missing."""
        instead = self.instead or without_weights(self.choice.robot)
        self._weights.check(self.choice.name, self.packages, self.remedy, instead)

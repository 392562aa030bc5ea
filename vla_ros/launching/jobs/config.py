# SPDX-License-Identifier: Apache-2.0
"""What a job is: config/jobs/<job>.yaml, and the launch arguments whose defaults it changes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controllers.errors import ConfigError, unknown_name
from vla_ros.launching.arguments import LaunchArgument, in_home

OWN_KEYS = ("robot", "task")  # of a job's launch arguments, those that are keys of the job itself


@dataclass(frozen=True)
class JobConfig:
    """The content of config/jobs/<job>.yaml."""

    description: str
    mover: str  # what moves the robot: policy, expert, teleop, replay
    robot: str
    task: str
    example: str = ""  # launch arguments worth trying first
    arguments: dict[str, Any] = field(default_factory=dict)  # defaults of launch arguments that differ here

    def __post_init__(self) -> None:
        for name in OWN_KEYS:
            if name in self.arguments:
                raise ConfigError(f"arguments: '{name}' is a key of the job itself: write it one level up")


def with_defaults(arguments: Sequence[LaunchArgument], given: Mapping[str, Any]) -> tuple[LaunchArgument, ...]:
    """Return launch arguments with other defaults.

    Raises ConfigError for a name that none of them has, or a value that it cannot have.
    """
    names = [argument.name for argument in arguments]
    for name in given:
        if name not in names:
            raise ConfigError(f"arguments: {unknown_name('launch argument', name, names)}")
    return tuple(_with_default(one, given[one.name]) if one.name in given else one for one in arguments)


def _with_default(argument: LaunchArgument, value: Any) -> LaunchArgument:
    kind = type(argument.default)
    if kind is float and type(value) is int:
        value = float(value)
    if type(value) is not kind:
        raise ConfigError(f"arguments: {argument.name}: {argument.allowed()} is needed, got {value!r}")
    return dataclasses.replace(argument, default=in_home(value) if isinstance(value, str) else value)

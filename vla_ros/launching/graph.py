# SPDX-License-Identifier: Apache-2.0
"""The declarative bring-up: which nodes, which parameters, which arguments. It starts nothing itself.

launcher.py runs a graph in the pip home; ros_launch.py turns the same graph into launch_ros actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value

Parameter = Value | tuple[str, ...]


@dataclass(frozen=True)
class Argument:
    """A node parameter that takes the value of the launch argument `name`."""

    name: str


@dataclass(frozen=True)
class Chosen:
    """A node parameter that follows from the launch argument `name`: a value for each of its words.

    `other` is that of every word that `values` does not have, of an argument that takes any text.
    """

    name: str
    values: Mapping[str, Value]
    other: Value | None = None


@dataclass(frozen=True)
class Derived:
    """A node parameter, a number, that `value` works out of the launch argument `name`."""

    name: str
    value: Callable[[Value], float]


Given = Parameter | Argument | Chosen | Derived
# What a node that is started again is told otherwise than at first: of its parameters, and for the how manyeth time.
Again = Callable[[Mapping[str, Parameter], int], Mapping[str, Parameter]]


@dataclass(frozen=True)
class NodeSpec:
    """One process of a graph.

    `condition` names a launch argument; the node starts when it is true, or a text that is not empty. `when` names
    arguments and the values of each at which it starts, `unless` those at which it does not. The graph ends when a
    `required` node ends, and with the exit code of the `decides` node when that one ends.
    `ends`: it is done at some point, exits with code 0, and the graph goes on without it; with another code its last
    line is why the graph ends.
    Where the Python module `needs` is not installed, the node is left out.
    `stops_first`: asked to stop before the others, so that it can bring the arm to rest while the rest still works.
    `again`: with on_failure:=restart it is started again where it dies, with these parameters changed; None: it is not,
    for the reason `not_again`. `guards`: nodes that must not work without it: they are brought to rest as soon as it
    dies, and started again after it.

    A program of another ROS package is `executable` of `package`, with the words of `arguments`, a ROS parameter file
    whose text `parameter_file` makes of the launch arguments, and `remappings` of names; `priority` is the SCHED_FIFO
    priority that all its threads get from `vla launch` where that is permitted, 0 for ordinary scheduling.
    """

    name: str
    executable: str
    parameters: Mapping[str, Given] = field(default_factory=dict)
    required: bool = True
    decides: bool = False
    ends: bool = False
    stops_first: bool = False
    condition: str = ""
    needs: str = ""
    module: str = ""  # Python module to run; vla_ros.nodes.<executable> when empty
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    package: str = ""  # ROS package of the executable; vla_ros when empty
    arguments: tuple[str, ...] = ()
    parameter_file: Callable[[Mapping[str, Value]], str] | None = None
    remappings: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    again: Again | None = None
    not_again: str = "it is not known to be safe"
    guards: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.module:
            module = "vla_ros.launching.processes.executable" if self.package else f"vla_ros.nodes.{self.executable}"
            object.__setattr__(self, "module", module)

    @property
    def possible(self) -> bool:
        """Say whether what it needs is installed."""
        return not self.needs or find_spec(self.needs) is not None

    def values(self, arguments: Mapping[str, Value]) -> dict[str, Parameter]:
        """Return the parameters with launch arguments filled in."""
        return {key: _resolve(value, arguments) for key, value in self.parameters.items()}

    def starts(self, arguments: Mapping[str, Value]) -> bool:
        """Say whether the node is part of the graph with these arguments."""
        wanted = not self.condition or bool(arguments[self.condition])
        wanted &= not any(arguments[name] in values for name, values in self.unless.items())
        return wanted and all(arguments[name] in values for name, values in self.when.items())

    def used_arguments(self) -> set[str]:
        """Name the launch arguments that the node depends on."""
        used = {value.name for value in self.parameters.values() if isinstance(value, (Argument, Chosen, Derived))}
        return used | {*self.when, *self.unless} | ({self.condition} if self.condition else set())


def _resolve(value: Given, arguments: Mapping[str, Value]) -> Parameter:
    if isinstance(value, Argument):
        return arguments[value.name]
    if isinstance(value, Derived):
        return value.value(arguments[value.name])
    if not isinstance(value, Chosen):
        return value
    word = str(arguments[value.name])
    return value.values[word] if value.other is None else value.values.get(word, value.other)


def _nothing_to_settle(arguments: Mapping[str, Value]) -> Mapping[str, Value]:
    return {}


def _nothing_to_check(arguments: Mapping[str, Value]) -> None:
    pass


@dataclass(frozen=True)
class Graph:
    """A job: its arguments and its nodes.

    `settle` returns values that follow from others, where they were not given. `check` sees all the values before
    anything starts and raises ConfigError for what cannot work together or does not exist. Raises ConfigError when a
    node refers to an argument that the graph does not declare.
    """

    name: str
    description: str
    arguments: tuple[LaunchArgument, ...]
    nodes: tuple[NodeSpec, ...]
    settle: Callable[[Mapping[str, Value]], Mapping[str, Value]] = _nothing_to_settle
    check: Callable[[Mapping[str, Value]], None] = _nothing_to_check
    renders: bool = False  # its nodes render cameras and need EGL
    example: str = ""

    def __post_init__(self) -> None:
        declared = {argument.name for argument in self.arguments}
        if len(declared) != len(self.arguments):
            raise ConfigError(f"launch '{self.name}' declares an argument twice")
        if len({node.name for node in self.nodes}) != len(self.nodes):
            raise ConfigError(f"launch '{self.name}' names a node twice")
        for node in self.nodes:
            for name in sorted(node.used_arguments() - declared):
                raise ConfigError(f"launch '{self.name}': node '{node.name}' uses the undeclared argument '{name}'")
            self._check_choices(node)

    def _check_choices(self, node: NodeSpec) -> None:
        """Raise ConfigError when a node asks for a value that its argument cannot have, or lacks one that it can."""
        choices = {argument.name: set(argument.choices) for argument in self.arguments}
        texts = {one.name for one in self.arguments if isinstance(one.default, str) and not one.choices}  # any
        for name, words in (*node.when.items(), *node.unless.items()):
            if name not in texts and not set(words) <= choices[name]:
                raise ConfigError(f"launch '{self.name}': node '{node.name}' starts at a '{name}' that does not exist")
        for key, value in node.parameters.items():
            if not isinstance(value, Chosen) or (value.name in texts and value.other is not None):
                continue
            if set(value.values) != choices[value.name]:
                raise ConfigError(f"launch '{self.name}': '{key}' of node '{node.name}' needs each '{value.name}' once")

    def active_nodes(self, arguments: Mapping[str, Value]) -> tuple[NodeSpec, ...]:
        """Return the nodes whose condition holds, of those that are possible here."""
        return tuple(node for node in self.nodes if node.possible and node.starts(arguments))

# SPDX-License-Identifier: Apache-2.0
"""The declarative bring-up: which nodes, which parameters, which arguments. It starts nothing itself.

launcher.py runs a graph in the pip home; ros_launch.py turns the same graph into launch_ros actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec

from controllers.errors import ConfigError
from vla_ros.bringup.arguments import LaunchArgument, Value

Parameter = Value | tuple[str, ...]


@dataclass(frozen=True)
class Argument:
    """A node parameter that takes the value of the launch argument `name`."""

    name: str


@dataclass(frozen=True)
class NodeSpec:
    """One process of a graph.

    `condition` names a launch argument; the node starts when it has the value `condition_value`. The graph ends when
    a `required` node ends, and with the exit code of the `decides` node when that one ends.
    `ends`: it is done at some point, exits with code 0, and the graph goes on without it.
    Where the Python module `needs` is not installed, the node is left out.
    `stops_first`: asked to stop before the others, so that it can bring the arm to rest while the rest still works.
    """

    name: str
    executable: str
    parameters: Mapping[str, Parameter | Argument] = field(default_factory=dict)
    required: bool = True
    decides: bool = False
    ends: bool = False
    stops_first: bool = False
    condition: str = ""
    condition_value: Value = True
    needs: str = ""
    module: str = ""  # Python module to run; vla_ros.nodes.<executable> when empty

    def __post_init__(self) -> None:
        if not self.module:
            object.__setattr__(self, "module", f"vla_ros.nodes.{self.executable}")

    @property
    def possible(self) -> bool:
        """Say whether what it needs is installed."""
        return not self.needs or find_spec(self.needs) is not None

    def values(self, arguments: Mapping[str, Value]) -> dict[str, Parameter]:
        """Return the parameters with launch arguments filled in."""
        return {
            key: arguments[value.name] if isinstance(value, Argument) else value
            for key, value in self.parameters.items()
        }


def _nothing_to_check(arguments: Mapping[str, Value]) -> None:
    pass


@dataclass(frozen=True)
class Graph:
    """A job: its arguments and its nodes.

    `check` sees all the values before anything starts and raises ConfigError for what cannot work together or
    does not exist. Raises ConfigError when a node refers to an argument that the graph does not declare.
    """

    name: str
    description: str
    arguments: tuple[LaunchArgument, ...]
    nodes: tuple[NodeSpec, ...]
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
            used = {value.name for value in node.parameters.values() if isinstance(value, Argument)}
            used |= {node.condition} if node.condition else set()
            for name in sorted(used - declared):
                raise ConfigError(f"launch '{self.name}': node '{node.name}' uses the undeclared argument '{name}'")

    def active_nodes(self, arguments: Mapping[str, Value]) -> tuple[NodeSpec, ...]:
        """Return the nodes whose condition holds, of those that are possible here."""
        return tuple(
            node
            for node in self.nodes
            if node.possible and (not node.condition or arguments[node.condition] == node.condition_value)
        )

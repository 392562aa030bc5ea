# SPDX-License-Identifier: Apache-2.0
"""Node parameters as ROS parameter files, and the words of a node's command line.

Types survive, whatever characters a text holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from vla_ros.launching.arguments import Value
from vla_ros.launching.graph import NodeSpec, Parameter
from vla_ros.new_file import PRIVATE, replace_file


class _QuotingDumper(yaml.SafeDumper):
    """Quotes every text value: rcl reads a plain 123, true or null as anything but text."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_QuotingDumper.add_representer(str, _quoted)


def write_parameters(path: Path, values: Mapping[str, Parameter]) -> None:
    """Write a parameter file for the node of one process, whatever that node is called; nobody else may read it."""
    content = {"/**": {"ros__parameters": dict(values)}}
    text = yaml.dump(content, Dumper=_QuotingDumper, allow_unicode=True, width=10**6)
    replace_file(path, text.encode(), PRIVATE)


def ros_arguments(parameters: Path | None, namespace: str) -> list[str]:
    """Return a node's command line: its parameter file and, where several robots share a domain, its namespace."""
    words = ["--ros-args"]
    if parameters is not None:
        words += ["--params-file", str(parameters)]
    if namespace:  # simulated time as well is each robot's own
        words += ["-r", f"__ns:=/{namespace}", "-r", "/clock:=clock"]
    return words


def write_node_parameters(folder: Path, node: NodeSpec, arguments: Mapping[str, Value], number: int = 0) -> list[Path]:
    """Write the parameter files of a node into `folder`; return them, its own parameters last.

    `number`: it is started again for the how manyeth time; 0: it is started.
    """
    own = folder / f"{node.name}.yaml"
    values = node.values(arguments)
    if number and node.again is not None:
        values |= node.again(values, number)
    write_parameters(own, values)
    if node.parameter_file is None:
        return [own]
    made = folder / f"{node.name}_made.yaml"
    replace_file(made, node.parameter_file(arguments).encode(), PRIVATE)
    return [made, own]


def node_words(node: NodeSpec, files: Sequence[Path], namespace: str) -> list[str]:
    """Return the command line behind a node's module: its parameters are those in `files`, its own last."""
    *made, own = files
    words = [str(node.priority), node.package, node.executable, *node.arguments] if node.package else []
    # The first rule that fits a name is the one that counts: a node's own come before the namespace's.
    words += ["--ros-args", *(word for item in node.remappings.items() for word in ("-r", ":=".join(item)))]
    words += [word for file in made for word in ("--params-file", str(file))]
    return words + ros_arguments(own, namespace)

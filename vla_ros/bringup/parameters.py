# SPDX-License-Identifier: Apache-2.0
"""Node parameters as ROS parameter files: types survive, whatever characters a text holds."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from vla_ros.bringup.graph import Parameter


class _QuotingDumper(yaml.SafeDumper):
    """Quotes every text value: rcl reads a plain 123, true or null as anything but text."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')


_QuotingDumper.add_representer(str, _quoted)


def write_parameters(path: Path, values: Mapping[str, Parameter]) -> None:
    """Write a parameter file for the node of one process, whatever that node is called."""
    content = {"/**": {"ros__parameters": dict(values)}}
    path.write_text(yaml.dump(content, Dumper=_QuotingDumper, allow_unicode=True, width=10**6))


def ros_arguments(parameters: Path | None, namespace: str) -> list[str]:
    """Return a node's command line: its parameter file and, where several robots share a domain, its namespace."""
    words = ["--ros-args"]
    if parameters is not None:
        words += ["--params-file", str(parameters)]
    if namespace:  # simulated time as well is each robot's own
        words += ["-r", f"__ns:=/{namespace}", "-r", "/clock:=clock"]
    return words

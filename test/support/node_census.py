# SPDX-License-Identifier: Apache-2.0
"""The nodes of a job as processes of their own, and what each of them has on DDS: topics, services, clients."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import reduce
from operator import or_
from pathlib import Path

import rclpy
from rig.node_server import ForkedProcess
from rig.nodes import PIPE

from vla_ros.launching.arguments import Value, parse_assignments
from vla_ros.launching.environment import node_environment
from vla_ros.launching.graph import Graph, NodeSpec
from vla_ros.launching.jobs import load_job
from vla_ros.launching.parameters import node_words, write_node_parameters
from vla_ros.security.interface import NodeInterface, absolute, interface

POLL_S = 0.2


class Census:
    """A job's active nodes, started with the very parameters that a launch gives them, and a node that looks."""

    def __init__(self, folder: Path, job: str, words: Sequence[str]) -> None:
        self.graph: Graph = load_job(job)
        self.arguments: dict[str, Value] = parse_assignments(words, self.graph.arguments)
        self.arguments |= self.graph.settle(self.arguments) | {"run_directory": str(folder)}
        self.namespace = str(self.arguments["namespace"])
        self.nodes: tuple[NodeSpec, ...] = self.graph.active_nodes(self.arguments)
        environment = node_environment(self.arguments, colored=False)
        self.processes = {}
        for node in self.nodes:
            files = write_node_parameters(folder, node, self.arguments)
            told = node_words(node, files, self.namespace)
            self.processes[node.name] = ForkedProcess(node.module, told, environment, PIPE)
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("census", context=self._context)
        self._seen: dict[str, NodeInterface] = {}

    def of(self, node: NodeSpec) -> NodeInterface:
        """Return all that a process of the job has had so far."""
        quiet = ("_view_node_quiet", "_recorder_node_quiet")
        names = [node.executable, *(name for name in quiet if node.executable in name)]
        return reduce(or_, map(self.named, names))

    def named(self, pattern: str) -> NodeInterface:
        """Return all that nodes of a name, such as operator_*, have had so far."""
        wholes = {absolute(pattern, self.namespace), f"/{pattern}"}
        found = [one for full, one in self._seen.items() if any(fnmatchcase(full, whole) for whole in wholes)]
        return reduce(or_, found, interface())

    def look(self) -> None:
        """Ask DDS once."""
        ask = self._node
        for name, namespace in ask.get_node_names_and_namespaces():
            full = absolute(name, namespace)
            ways = (
                ask.get_publisher_names_and_types_by_node,
                ask.get_subscriber_names_and_types_by_node,
                ask.get_service_names_and_types_by_node,
                ask.get_client_names_and_types_by_node,
            )
            try:
                found = interface(*([topic for topic, _ in way(name, namespace)] for way in ways))
            except rclpy.node.NodeNameNonExistentError:  # it has just ended
                continue
            self._seen[full] = self._seen.get(full, interface()) | found

    def look_until(self, done: Callable[[], bool], seconds: float) -> bool:
        """Look again and again; say whether it came to be in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.look()
            if done():
                return True
            time.sleep(POLL_S)
        return False

    def close(self) -> None:
        """End all of it."""
        for process in self.processes.values():
            process.kill()
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@contextmanager
def census(folder: Path, job: str, *words: str) -> Iterator[Census]:
    """Start a job's nodes; none of them outlives the block."""
    taken = Census(folder, job, words)
    try:
        yield taken
    finally:
        taken.close()


def absolute_names(one: NodeInterface, namespace: str) -> Mapping[str, frozenset[str]]:
    """Return topics, services and clients of a node by their names in a namespace."""
    fields = ("publishes", "subscribes", "serves", "calls")
    return {field: frozenset(absolute(name, namespace) for name in getattr(one, field)) for field in fields}

# SPDX-License-Identifier: Apache-2.0
"""Nodes that run together for a test module, and who operates them; none of it outlives the module."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from rig.nodes import NodeUnderTest, Operator


@dataclass(frozen=True)
class RunningGraph:
    """Nodes by name, and who operates them."""

    nodes: Mapping[str, NodeUnderTest]
    operator: Operator

    def stop(self, *names: str, codes: tuple[int, ...] = (0,)) -> dict[str, float]:
        """Signal these nodes one after the other; each must go quietly. Return how long each took [s]."""
        took = {}
        for name in names:
            code, output, took[name] = self.nodes[name].stop()
            assert code in codes, (name, output)
            assert "Traceback" not in output, (name, output)
        return took


@contextmanager
def running_graph(nodes: Mapping[str, NodeUnderTest], robot: str = "franka") -> Iterator[RunningGraph]:
    """Yield the graph once its arm can be operated; make sure afterwards that all of it is gone."""
    operator = Operator(robot=robot)
    try:
        assert operator.ready(), {name: node.process.poll() for name, node in nodes.items()}
        yield RunningGraph(nodes, operator)
    finally:
        for node in nodes.values():
            node.kill()
        operator.close()

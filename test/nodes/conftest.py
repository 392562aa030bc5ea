# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests of nodes: a simulated arm, and who operates it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from rig.nodes import Operator, start_arm
from rig.running_graph import RunningGraph, running_graph


@pytest.fixture(scope="module")
def graph() -> Iterator[RunningGraph]:
    """Start a simulated arm and the nodes that hold and move it; a module with other nodes has a `graph` of its own."""
    with running_graph({node.name: node for node in start_arm()}) as graph:
        yield graph


@pytest.fixture
def operator(graph: RunningGraph) -> Operator:
    """Return the operator of an arm that is enabled and at rest."""
    graph.operator.enable_at_rest()
    return graph.operator

# SPDX-License-Identifier: Apache-2.0
"""Contracts for LeRobot's devices, and the device's side of their node without lerobot."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rig.nodes import NodeUnderTest, start_arm
from rig.running_graph import RunningGraph, running_graph

from vla_ros.lerobot.node_process import NodeProcess
from vla_ros.policies.contract import CameraStream, load_contract

FRONT = {"front": CameraStream(64, 48, fit="crop")}


def write_contract(folder: Path, name: str = "franka_grasp_lerobot", **changes: object) -> str:
    """Write a shipped contract with one small camera, changed; return the path of its file."""
    contract = dataclasses.replace(
        load_contract(name), **{"name": "one_camera", "cameras": FRONT, "features": {}, **changes}
    )
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(dataclasses.asdict(contract)))
    return str(path)


@contextmanager
def arm_with_camera() -> Iterator[RunningGraph]:
    """Yield a running arm with one camera, and nobody who moves it."""
    nodes = {node.name: node for node in start_arm()}
    nodes["camera"] = NodeUnderTest("camera", seed=1, use_sim_time=True, cameras="front")
    with running_graph(nodes) as graph:
        graph.operator.node.destroy_publisher(graph.operator.chunks)  # else it would be somebody
        graph.operator.spin(0.5)
        yield graph


@contextmanager
def device(kind: str, contract: str, **connecting: str | int) -> Iterator[NodeProcess]:
    """Yield a device that has joined the graph of the test; it leaves behind nothing."""
    node = NodeProcess(kind, contract)
    try:
        node.connect(**{"domain_id": -1, "namespace": "", **connecting})
        yield node
    finally:
        node.close()


def act(node: NodeProcess, action: np.ndarray) -> tuple[dict[str, object], np.ndarray]:
    """Send an action (D,); return what is said of it, and the one that was sent."""
    values, arrays = node.ask("act", {"action": action})
    return values, arrays["action"]

# SPDX-License-Identifier: Apache-2.0
"""A flow and a full-size GraspVLA on the graph: served from their checkpoints, continued chunk by chunk, executed."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")

from rig.nodes import NodeUnderTest, Operator

from controllers.chunks.chunk import ActionChunk
from vla_ros import messages, qos
from vla_ros.policies.actions.normalisation import Statistics
from vla_ros.policies.chunking.sampling import covers
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.flow.checkpoint import save_flow
from vla_ros.policies.flow.config import FlowConfig
from vla_ros.policies.flow.training import FlowTraining, train_flow
from vla_ros.policies.flow.waypoints import Waypoints, train_waypoints

ENOUGH = 20  # chunks
SELDOM = 0.25  # share of the chunks that turn: guided 0 to 0.05 on one machine, at any delay; drawn at random 0.5


@pytest.fixture(scope="module")
def two_ways(tmp_path_factory):
    """Save a flow that goes left or right at 2 cm/s, whatever it is told: each chunk draws one of them."""
    random = np.random.default_rng(0)
    config = FlowConfig(
        robot="franka",
        state=("panda/position.x", "panda/position.y", "panda/position.z"),
        state_statistics=Statistics((0.4, 0.0, 0.4), (0.3, 0.3, 0.3)),
        action=ActionContract(arms=("panda",), reference="delta", rotation="rotation_vector", horizon=10),
        action_statistics=Statistics((0.0,) * 6, (0.002,) * 3 + (0.002,) * 3),
        frame_id="panda_link0",
        period=0.1,
        width=64,
        depth=2,
    )
    actions = 0.05 * random.standard_normal((512, 10, 6))
    actions[..., 1] += random.choice((-1.0, 1.0), 512)[:, None]
    states = random.standard_normal((512, 3))
    network, _ = train_flow(actions, states, FlowTraining(iterations=800, width=64, depth=2, prefix_max=5))
    folder = tmp_path_factory.mktemp("checkpoints") / "two_ways"
    save_flow(folder, network, config)
    return folder


@pytest.fixture
def waypoint(operator, tmp_path):
    """Save a flow that goes to a point 6 cm from where the arm is, and does nothing there; return it, and the point."""
    start, random = operator.T_base_ee[:3, 3].copy(), np.random.default_rng(0)
    goal = start + np.array([0.0, 0.05, 0.03])
    config = FlowConfig(
        robot="franka",
        state=("panda/position.x", "panda/position.y", "panda/position.z"),
        state_statistics=Statistics(tuple(goal), (0.05, 0.05, 0.05)),
        action=ActionContract(arms=("panda",), reference="delta", rotation="rotation_vector", horizon=10),
        action_statistics=Statistics((0.0,) * 6, (0.002,) * 6),
        frame_id="panda_link0",
        period=0.1,
        width=64,
        depth=2,
    )
    states = np.clip(random.standard_normal((2048, 3)) * np.exp(random.uniform(-3.0, 0.5, (2048, 1))), -2.0, 2.0)
    network, _ = train_flow(np.zeros((2048, 10, 6)), states, FlowTraining(iterations=300, width=64, depth=2))
    leading = np.hstack([-0.05 * states, np.zeros((2048, 3))])
    dense = np.linalg.norm(leading, axis=1) < 0.01
    train_waypoints(network, Waypoints(states, leading, dense), FlowTraining(iterations=800, width=64))
    save_flow(tmp_path / "waypoint", network, config)
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "flow.yaml").write_text("chunking: {method: hydra, speed: 0.05}\n")
    return tmp_path / "waypoint", goal


@pytest.fixture
def drive(operator):
    """Return what has the policy node drive the arm, and gives back the chunks that it sent."""
    nodes, node = [], operator.node
    chunks: list[ActionChunk] = []
    heard = node.create_subscription(
        JointTrajectory, "policy/action_chunk", lambda message: chunks.append(messages.chunk_from(message)), qos.EVENTS
    )
    instruction = node.create_publisher(String, "instruction", qos.LATCHED)

    def driven(policy: str) -> list[ActionChunk]:
        operator.enable_at_rest()
        operator.transitions.clear()
        nodes.append(NodeUnderTest("policy", policy=policy, use_sim_time=True))
        instruction.publish(String(data="go"))
        assert operator.spin_until(lambda: len(chunks) >= ENOUGH or nodes[0].process.poll() is not None, 90.0), chunks
        assert nodes[0].process.poll() is None, nodes.pop().process.communicate()
        return chunks

    yield driven
    for one in nodes:
        one.kill()
    operator.enable(False)
    node.destroy_subscription(heard)
    node.destroy_publisher(instruction)


def way(chunk: ActionChunk) -> float:
    """Return to which side a chunk leads: -1 or 1."""
    first, last = chunk.positions("panda")[[0, -1], 1]
    return float(np.sign(last - first))


def turns(chunks: list[ActionChunk]) -> list[bool]:
    """Return of each chunk whose first half the one before still reached whether it leads to the other side."""
    found = []
    for last, new in pairwise(chunks):
        stamps = new.stamp + new.times[: len(new.times) // 2]
        if covers(last, stamps).all():
            found.append(way(last) != way(new))
    return found


def executed(operator: Operator) -> int:
    """Return how many of the policy's chunks control has taken over, by its own word."""
    values = [
        messages.diagnostic_values(transition) for transition in operator.transitions if transition.level == messages.OK
    ]
    return sum(one["source"] == "policy" for one in values)


def test_real_time_chunking_continues_on_the_graph_what_it_began(drive, operator, two_ways):
    start = operator.T_base_ee[1, 3]
    chunks = drive(str(two_ways))
    assert len(turns(chunks)) > ENOUGH // 2, [chunk.stamp for chunk in chunks]
    assert np.mean(turns(chunks)) < SELDOM, list(map(way, chunks))
    assert operator.spin_until(lambda: executed(operator) > ENOUGH // 2), [
        transition.message for transition in operator.transitions
    ]
    assert operator.spin_until(lambda: abs(operator.T_base_ee[1, 3] - start) > 0.01), "the arm does not follow"


def test_a_flow_with_waypoints_goes_straight_to_one_on_the_graph(drive, operator, waypoint, monkeypatch):
    folder, goal = waypoint
    monkeypatch.setenv("VLA_CONFIG", str(folder.parent))  # its policies/flow.yaml switches them on
    start = operator.T_base_ee[:3, 3].copy()
    chunks = drive(str(folder))
    first = chunks[0].positions("panda")
    along = (goal - start) / np.linalg.norm(goal - start)
    off = (first - start) - np.outer((first - start) @ along, along)
    assert np.abs(off).max() < 0.01, first
    assert np.linalg.norm(first[-1] - goal) < 0.02, (first[-1], goal)
    assert operator.spin_until(lambda: np.linalg.norm(operator.T_base_ee[:3, 3] - goal) < 0.03), operator.T_base_ee


def test_a_flow_that_was_trained_for_it_continues_without_guidance(drive, two_ways, tmp_path, monkeypatch):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "flow.yaml").write_text("chunking: {method: rtc_trained}\n")
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    chunks = drive(str(two_ways))
    assert len(turns(chunks)) > ENOUGH // 2, [chunk.stamp for chunk in chunks]
    assert np.mean(turns(chunks)) < SELDOM, list(map(way, chunks))


def test_without_it_chunks_change_sides(drive, two_ways, tmp_path, monkeypatch):
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies" / "flow.yaml").write_text("{}")  # of the user's own: no chunking
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    chunks = drive(str(two_ways))
    assert len(turns(chunks)) > ENOUGH // 2, [chunk.stamp for chunk in chunks]
    assert np.mean(turns(chunks)) > SELDOM, list(map(way, chunks))

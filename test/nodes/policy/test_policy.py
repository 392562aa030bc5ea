# SPDX-License-Identifier: Apache-2.0
"""The policy node over real DDS, with cameras and joints played by the test and a policy that misbehaves."""

from __future__ import annotations

import time

import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticArray
from policy_making.policy_world import SIZE, PolicyWorld, ScriptedPolicy
from policy_making.served_policy import served

from controllers.chunks.chunk import ActionChunk, TaskStatus, instruction_hash
from vla_ros import messages, qos


@pytest.fixture(scope="module")
def shared():
    world = PolicyWorld(ScriptedPolicy())
    yield world
    world.close()


@pytest.fixture
def world(shared) -> PolicyWorld:
    shared.policy.error, shared.policy.delay = None, 0.0
    shared.say("")
    shared.spin(0.1)
    shared.chunks.clear()
    shared.policy.seen.clear()
    return shared


def test_nothing_is_inferred_without_an_instruction(world):
    for _ in range(3):
        world.expose()
        world.spin(0.05)
    assert not world.policy.seen


def test_the_width_that_was_commanded_at_the_exposure_is_known(world):
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.policy.seen)
    assert world.policy.seen[0].gripper_width_commanded is None

    def closed() -> bool:
        exposure = round(world.time + 0.1, 6)
        for offset, width in ((-0.02, 0.08), (-0.01, 0.0), (0.01, 0.08)):
            world.control_at(exposure + offset, width)
        world.expose()
        world.spin(0.05)
        return world.policy.seen[-1].gripper_width_commanded == 0.0

    assert any(closed() for _ in range(20)), world.policy.seen[-1].gripper_width_commanded


def test_a_chunk_carries_the_exposure_the_instruction_and_the_latency(world):
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.chunks)
    seen, chunk = world.policy.seen[0], world.chunks[0]
    assert chunk.stamp == pytest.approx(seen.stamp, abs=1e-9)
    assert chunk.instruction == instruction_hash("pick up the red mug")
    assert chunk.inference_s > 0.0
    assert chunk.status is TaskStatus.ONGOING
    # The state is that of the exposure, between two joint states; without control the commanded pose is the measured.
    np.testing.assert_allclose(seen.state.q, seen.stamp, atol=1e-6)
    assert seen.state.gripper_width == pytest.approx(0.04)
    np.testing.assert_allclose(seen.T_base_ee_commanded, seen.state.T_base_ee)
    assert set(seen.cameras) == {"front", "side"}
    assert seen.cameras["side"].depth.shape == SIZE


def test_sequences_grow_and_a_new_instruction_resets_the_policy(world):
    world.say("pick up the red mug")
    assert world.expose_until(lambda: len(world.chunks) >= 2)
    resets = world.policy.resets
    world.say("pick up the blue can")
    assert world.expose_until(lambda: world.chunks[-1].instruction == instruction_hash("pick up the blue can"))
    assert world.policy.resets == resets + 1
    sequences = [chunk.sequence for chunk in world.chunks]
    assert sequences == sorted(set(sequences))


def test_the_same_instruction_after_nothing_to_do_is_a_new_one(world):
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.chunks)
    resets = world.policy.resets
    world.say("")
    world.say("pick up the red mug")
    count = len(world.chunks)
    assert world.expose_until(lambda: len(world.chunks) > count)
    assert world.policy.resets == resets + 1


@pytest.mark.parametrize("then", ["", "pick up the blue can"])
def test_what_was_inferred_for_an_instruction_that_counts_no_more_is_not_published(world, then):
    world.policy.delay = 0.5
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.policy.seen)
    world.say(then)
    world.policy.delay = 0.0
    world.spin(1.0)
    assert not world.chunks


def test_why_a_chunk_is_invalid_stands_in_the_diagnostics(world, monkeypatch):
    status, explanation = TaskStatus.INVALID, "no mug is in view"
    monkeypatch.setattr(world.policy, "status", status)
    monkeypatch.setattr(world.policy, "explanation", explanation)
    heard: list[str] = []

    def hear(message: DiagnosticArray) -> None:
        heard.extend(messages.diagnostic_values(one)["explanation"] for one in message.status if one.name == "policy")

    subscription = world.node.create_subscription(DiagnosticArray, "diagnostics", hear, qos.EVENTS)
    world.say("pick up the red mug")
    assert world.expose_until(lambda: explanation in heard)
    monkeypatch.setattr(world.policy, "status", TaskStatus.ONGOING)
    assert world.expose_until(lambda: heard[-1] == "")
    world.node.destroy_subscription(subscription)


def test_an_exception_publishes_nothing_and_the_next_observation_is_inferred(world):
    world.policy.error = RuntimeError("the network is down\nwith a second line")
    world.say("pick up the red mug")
    assert world.expose_until(lambda: len(world.policy.seen) >= 3)
    assert not world.chunks
    assert world.under_test._inferences.failure == "RuntimeError: the network is down"
    world.policy.error = None
    assert world.expose_until(lambda: world.chunks)


def test_a_policy_server_that_is_gone_is_named_and_asked_again_when_it_is_back(world, monkeypatch):
    with served() as there:
        remote, port = there.remote(), there.port
        monkeypatch.setattr(world.policy, "infer", remote.infer)
        monkeypatch.setattr(world.policy, "reset", remote.reset)
        world.say("pick up the red mug")
        assert world.expose_until(lambda: world.chunks)
    failures = world.under_test._inferences
    assert world.expose_until(lambda: f"ws://localhost:{port}: " in failures.failure)
    world.spin(0.1)
    world.chunks.clear()
    world.expose()
    world.spin(0.2)
    assert not world.chunks  # control is given nothing, and holds
    with served(port=port):
        assert world.expose_until(lambda: world.chunks)
        assert failures.failure == ""
    remote.close()


def test_a_policy_that_answers_with_nan_publishes_nothing(world, monkeypatch):
    def nan(observation):
        world.policy.seen.append(observation)
        return ActionChunk(0.0, "panda_link0", ("panda_joint1/position",), np.array([0.1]), np.array([[np.nan]]))

    monkeypatch.setattr(world.policy, "infer", nan)
    world.say("pick up the red mug")
    assert world.expose_until(lambda: len(world.policy.seen) >= 2)
    assert "not finite" in world.under_test._inferences.failure
    assert not world.chunks


def test_a_slow_policy_does_not_block_and_gets_the_newest_observation(world):
    world.policy.delay = 0.4
    world.say("pick up the red mug")
    assert world.expose_until(lambda: world.policy.seen)
    began = time.monotonic()
    stamps = []
    while not world.chunks and time.monotonic() - began < 3.0:
        stamps.append(world.expose())
        world.spin(0.05)
    assert len(stamps) >= 3  # the executor went on while the policy thought
    assert world.spin_until(lambda: len(world.policy.seen) >= 2)
    # A queue would hand out stamps[0] next. How near to the last it is depends on how busy the machine is.
    assert world.policy.seen[1].stamp > stamps[len(stamps) // 2 - 1] - 1e-6
    world.policy.delay = 0.0
    world.spin(0.5)


def test_without_joint_states_there_is_no_observation(world):
    world.say("pick up the red mug")
    world.time += 10.0
    for _ in range(3):
        world.expose(joints=False)
        world.spin(0.05)
    assert not world.policy.seen
    assert "no joint states" in world.under_test._worker.waiting_for

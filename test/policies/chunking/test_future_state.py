# SPDX-License-Identifier: Apache-2.0
"""A policy is asked with the state that the robot will have when its chunk begins."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from policy_making.chunk_script import about_z, chunk_at, seen_where
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import ActionChunk, TaskStatus
from controllers.errors import ConfigError
from vla_ros.policies.chunking.config import wrap_chunking
from vla_ros.policies.chunking.delay import DelayConfig
from vla_ros.policies.chunking.future_state import FutureState
from vla_ros.policies.chunking.rolling import rolled_on
from vla_ros.policies.observation import JointGroupState, Observation

BEGIN = np.array([0.4, 0.0, 0.3])
STEP = np.array([0.015, 0.0, 0.0])  # [m] an action


class Onward:
    """Go on from where the arm is commanded to be; keep what it was asked with."""

    def __init__(self) -> None:
        self.seen: list[Observation] = []

    def infer(self, observation: Observation) -> ActionChunk:
        self.seen.append(observation)
        (arm,) = observation.commanded.arms.values()
        return chunk_at(observation.stamp, arm.T_base_ee[:3, 3] + STEP * np.arange(1, 11)[:, None])

    def reset(self) -> None:
        self.seen.clear()


def place(observation: Observation, which: str = "commanded") -> np.ndarray:
    (arm,) = getattr(observation, which).arms.values()
    return arm.T_base_ee[:3, 3]


def test_the_state_is_where_the_chunk_being_executed_has_it_then():
    policy = Onward()
    wrapped = wrap_chunking(policy, {"method": "future_state", "delay_s": 0.3}, "here")
    first = wrapped.infer(seen_where(0.0, BEGIN))
    assert wrapped.ahead == 0.0  # nothing was being executed
    seen = seen_where(0.4, BEGIN + 4 * STEP)
    chunk = wrapped.infer(seen)
    np.testing.assert_allclose(place(policy.seen[1]), BEGIN + 7 * STEP, atol=1e-9)
    measured = place(seen, "state") + 3 * STEP  # a lag stays a lag
    np.testing.assert_allclose(place(policy.seen[1], "state"), measured, atol=1e-9)
    # What is executed meanwhile comes first, then what was planned from there: one straight way without a step.
    assert chunk.stamp == 0.4
    np.testing.assert_allclose(chunk.times[:4], [0.1, 0.2, 0.3, 0.4], atol=1e-9)
    expected = BEGIN + STEP * np.arange(5, 5 + len(chunk.times))[:, None]
    np.testing.assert_allclose(chunk.positions("panda"), expected, atol=1e-9)
    np.testing.assert_allclose(chunk.positions("panda")[:3], first.positions("panda")[4:7], atol=1e-12)


def test_chunks_that_begin_where_the_robot_is_are_joined_without_a_point_twice():
    class Here(Onward):
        def infer(self, observation):
            chunk = super().infer(observation)
            return dataclasses.replace(chunk, times=chunk.times - chunk.times[0])

    wrapped = wrap_chunking(Here(), {"method": "future_state", "delay_s": 0.3}, "here")
    wrapped.infer(seen_where(0.0, BEGIN))
    chunk = wrapped.infer(seen_where(0.4, BEGIN + 5 * STEP))
    np.testing.assert_allclose(chunk.times[:4], [0.1, 0.2, 0.3, 0.4], atol=1e-9)
    assert len(chunk.times) == 12  # two of the last one, ten of its own


def test_the_state_is_rolled_no_further_than_what_is_being_executed():
    wrapped = wrap_chunking(Onward(), {"method": "future_state", "delay_s": 0.5}, "here")
    wrapped.infer(seen_where(0.0, BEGIN))
    wrapped.infer(seen_where(0.8, BEGIN + 8 * STEP))
    assert wrapped.ahead == pytest.approx(0.2)
    wrapped.infer(seen_where(3.0, BEGIN + 10 * STEP))  # it has run out
    assert wrapped.ahead == 0.0


def test_the_delay_is_measured():
    now = [0.0]

    class Slow(Onward):
        def infer(self, observation):
            now[0] += 0.25
            return super().infer(observation)

    wrapped = FutureState(Slow(), DelayConfig(warmup=1, lead_s=0.05), lambda: now[0])
    for look in range(3):
        wrapped.infer(seen_where(0.4 * look, BEGIN + 4 * look * STEP))
    assert wrapped.ahead == pytest.approx(0.3)


def test_a_new_episode_instruction_or_a_task_that_ended_begins_from_what_is_seen():
    policy = Onward()
    wrapped = wrap_chunking(policy, {"method": "future_state", "delay_s": 0.3}, "here")
    wrapped.infer(seen_where(0.0, BEGIN))
    wrapped.infer(dataclasses.replace(seen_where(0.4, BEGIN), instruction="come back"))
    assert wrapped.ahead == 0.0
    wrapped.reset()
    wrapped.infer(seen_where(0.8, BEGIN))
    assert wrapped.ahead == 0.0
    policy.infer = lambda seen: chunk_at(seen.stamp, np.tile(BEGIN, (10, 1)), status=TaskStatus.TERMINATED)
    wrapped.infer(seen_where(0.9, BEGIN))
    wrapped.infer(seen_where(1.0, BEGIN))
    assert wrapped.ahead == 0.0


def test_turns_grippers_and_joint_groups_are_rolled_on_too():
    angles = 0.1 * np.arange(1, 11)
    turned = (about_z(angles) * Rotation.from_quat([1.0, 0.0, 0.0, 0.0])).as_quat()
    chunk = chunk_at(0.0, np.tile(BEGIN, (10, 1)), turned)
    values, channels = np.column_stack([chunk.values, 0.02 * angles]), (*chunk.channels, "lift_joint/position")
    values[6:, channels.index("panda_hand/width")] = 0.0  # it closes at 0.7 s
    chunk = dataclasses.replace(chunk, values=values, channels=channels)
    seen = seen_where(0.2, BEGIN)
    lift = {"lift": JointGroupState(("lift_joint",), np.array([0.5]), np.zeros(1))}
    seen = dataclasses.replace(seen, state=dataclasses.replace(seen.state, joint_groups=lift))
    after = rolled_on(seen, chunk, 0.3)
    step = after.commanded.arms["panda"].T_base_ee[:3, :3] @ seen.commanded.arms["panda"].T_base_ee[:3, :3].T
    np.testing.assert_allclose(Rotation.from_matrix(step).as_rotvec(), [0.0, 0.0, 0.3], atol=1e-9)
    assert after.state.joint_groups["lift"].q[0] == pytest.approx(0.506)
    assert after.state.end_effectors["panda_hand"].width == seen.state.end_effectors["panda_hand"].width
    assert rolled_on(seen, chunk, 0.6).state.end_effectors["panda_hand"].width == 0.0
    np.testing.assert_array_equal(after.state.arms["panda"].q, seen.state.arms["panda"].q)  # nobody says
    assert after.stamp == seen.stamp


def test_a_wrong_setting_is_one_line():
    with pytest.raises(ConfigError, match=r"here: initial_delay_s must be >= 0 s, got -1"):
        wrap_chunking(Onward(), {"method": "future_state", "initial_delay_s": -1.0}, "here")

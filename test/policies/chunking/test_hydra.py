# SPDX-License-Identifier: Apache-2.0
"""A waypoint is gone to straight and kept until the robot is there; where every action counts the policy is asked."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from policy_making.chunk_script import Script, chunk_at, seen_where
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from controllers.rotations import from_matrix
from vla_ros.policies.base import capability
from vla_ros.policies.capabilities.transport import HearsTransport
from vla_ros.policies.chunking.config import wrap_chunking

GOAL = np.array([0.5, 0.2, 0.3])


class Going(Script):
    """Say the given waypoints one after the other; None is a dense moment."""

    knows_waypoints = True

    def __init__(self, waypoints, chunks=()):
        super().__init__(chunks)
        self.waypoints, self.asked = list(waypoints), 0

    def waypoint(self, observation):
        self.asked += 1
        return self.waypoints.pop(0)


def goal(width: float = 0.04):
    """Return the waypoint of a tool that does not turn."""
    return chunk_at(0.0, GOAL[None], np.array([[0.0, 0.0, 0.0, 1.0]]), width)


def off(*away):
    """Return where the tool is `away` (3,) [m] off the waypoint."""
    return GOAL + np.array(away)


def wrapped(policy, **values):
    return wrap_chunking(policy, {"method": "hydra"} | values, "here")


def test_the_way_is_straight_no_faster_than_told_and_ends_there():
    policy = wrapped(Going([goal(0.01)]), speed=0.1)
    chunk = policy.infer(seen_where(0.0, off(0.0, -0.12, 0.0)))
    ways = chunk.positions("panda")
    assert len(ways) == 12
    np.testing.assert_allclose(ways[-1], GOAL, atol=1e-9)
    np.testing.assert_allclose(np.diff(ways, axis=0), np.tile([0.0, 0.01, 0.0], (11, 1)), atol=1e-9)
    np.testing.assert_allclose(chunk.times, 0.1 * np.arange(1, 13))
    column = chunk.channels.index("panda_hand/width")
    assert (chunk.values[:, column] == 0.01).all()  # told at once


def test_a_long_way_comes_in_pieces_from_where_the_robot_is_by_then():
    inner = Going([goal(), None], [goal()])
    policy = wrapped(inner, speed=0.1, actions=5)
    at, sequences = off(-0.12, 0.0, 0.0), []
    for look in range(3):
        chunk = policy.infer(seen_where(0.5 * look, at))
        at = chunk.positions("panda")[-1]
        sequences.append(chunk.sequence)
    np.testing.assert_allclose(at, GOAL, atol=1e-9)
    assert inner.asked == 1
    pushed = policy.infer(seen_where(1.5, off(0.0, 0.03, 0.0)))  # off it again: back
    np.testing.assert_allclose(pushed.positions("panda")[-1], GOAL, atol=1e-9)
    assert inner.asked == 1
    policy.infer(seen_where(2.0, off(0.0, 0.0, 0.004)))  # there: what comes next is asked
    assert inner.asked == 2
    assert sequences == [1, 2, 3]


def test_turning_takes_its_time_and_goes_the_shortest_way():
    turned = chunk_at(0.0, GOAL[None], Rotation.from_rotvec([[0.0, 0.0, 0.4]]).as_quat())
    chunk = wrapped(Going([turned]), turn_rate=0.4).infer(seen_where(0.0, GOAL))
    angles = Rotation.from_quat(chunk.quaternions("panda")).magnitude()
    np.testing.assert_allclose(angles, 0.04 * np.arange(1, 11), atol=1e-9)


def test_a_new_instruction_and_a_new_episode_forget_the_waypoint():
    inner = Going([goal()] * 3)
    policy = wrapped(inner)
    seen = seen_where(0.0, GOAL - 0.1)
    policy.infer(seen)
    policy.infer(dataclasses.replace(seen, instruction="elsewhere"))
    assert inner.asked == 2
    policy.reset()
    policy.infer(dataclasses.replace(seen, instruction="elsewhere"))
    assert inner.asked == 3


def test_a_dense_moment_is_the_policys():
    dense = chunk_at(0.0, np.linspace(GOAL, GOAL + 0.01, 4))
    inner = Going([None, None], [dense, dense])
    policy = wrapped(inner)
    for _ in range(2):
        np.testing.assert_array_equal(policy.infer(seen_where(0.0, GOAL)).values, dense.values)
    assert inner.asked == 2


def test_real_time_chunking_hears_of_the_way_and_goes_on_with_nothing_that_a_waypoint_has_ended():
    pytest.importorskip("torch", reason="PyTorch is not installed: ./vla test without VLA_EXTRAS=none")
    from bench import detour
    from vla_ros.policies.flow.training import FlowTraining
    from vla_ros.policies.flow.waypoints import WaypointNetwork

    flow = detour.train_policy(FlowTraining(iterations=5))
    flow._network.waypoints = WaypointNetwork(flow.action_shape[1], flow._network.condition_size, 8)
    policy = wrapped(flow, base="rtc_identity")
    start = detour.start_pose()
    there = chunk_at(0.0, start[None, :3, 3] + [0.01, 0.0, 0.0], np.array([from_matrix(start[:3, :3])]))
    said = iter([None, None, there, None])
    flow.waypoint = lambda observation: next(said)
    policy.infer(detour.observation_at(0.0, start))
    policy.infer(detour.observation_at(0.1, start))
    assert policy.policy.continuation is not None
    policy.infer(detour.observation_at(0.2, start))
    arrived = start.copy()
    arrived[:3, 3] = there.positions("panda")[0]
    policy.infer(detour.observation_at(0.4, arrived))  # within the last dense chunk, which nobody executes any more
    assert policy.policy.continuation is None
    assert capability(policy, HearsTransport) is policy.policy


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"speed": 0.0}, "speed must be > 0 and finite, got 0"),
        ({"arrived": float("nan")}, "arrived: must be finite"),
        ({"actions": 0}, "actions must be > 0"),
        ({"base": "rct"}, "unknown base 'rct'"),
        ({"base": "rtc"}, "a flow's velocity field"),
        ({"sped": 1.0}, "did you mean 'speed'"),
    ],
)
def test_settings_that_make_no_sense_are_one_line(values, message):
    with pytest.raises(ConfigError, match=message):
        wrapped(Going([]), **values)

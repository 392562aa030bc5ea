# SPDX-License-Identifier: Apache-2.0
""" "Observation has been filtered out", and a server that ignores the client's threshold.

lerobot#1500: the server takes an observation for the one before, "Observation #0 has been filtered out", and the robot
gets no action. lerobot#1557, #3204, #3484: joints that move by less than 1 (rad, all together) count as the same, so
that a new chunk is only computed once the queue is empty, whatever `chunk_size_threshold` says.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from policy_making.served_policy import seen_at, served
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk
from vla_ros import messages, qos
from vla_ros.nodes.arm.progress import NAME, ControlProgress
from vla_ros.nodes.policy_node import PolicyNode
from vla_ros.policies.observation import Observation

JOINTS = [*(f"panda_joint{i}" for i in range(1, 8)), "panda_finger_joint1", "panda_finger_joint2"]
THRESHOLD_S = 0.5  # [s] of the chunk that may be left


def still(stamp: float) -> Observation:
    """Return what a robot that does not move at all sees."""
    return dataclasses.replace(seen_at(0.0), stamp=stamp)


def test_the_same_observation_is_answered_every_time():
    with served() as there:
        remote = there.remote()
        chunks = [remote.infer(still(0.1 * look)) for look in range(20)]
        assert [chunk.stamp for chunk in chunks] == [0.1 * look for look in range(20)]
        assert len(there.policies[0].seen) == 20
        assert [chunk.sequence for chunk in chunks] == list(range(1, 21))  # computed, not remembered


def test_the_first_observation_of_an_episode_is_answered_though_nothing_has_changed():
    with served() as there:
        remote = there.remote()
        for episode in range(3):
            remote.reset()
            assert remote.infer(still(float(episode))).stamp == float(episode)
        (scripted,) = there.policies
        assert scripted.resets == 3
        assert len(scripted.seen) == 3


class Standing:
    """A robot that stands still, control that says how much of the chunk is left, and a policy node of a server."""

    def __init__(self, url: str) -> None:
        parameters = {"policy": "remote", "url": url, "trigger_remaining_s": THRESHOLD_S}
        rclpy.init(args=["--ros-args", *(word for k, v in parameters.items() for word in ("-p", f"{k}:={v}"))])
        self.node, self.under_test = rclpy.create_node("world"), PolicyNode()
        self.under_test.trigger_configure()
        assert self.under_test.failure is None
        self.under_test.trigger_activate()
        self.executor = EventsExecutor()
        for one in (self.node, self.under_test):
            self.executor.add_node(one)
        self.joint_states = self.node.create_publisher(JointState, "joint_states", qos.STREAM)
        self.progress = self.node.create_publisher(DiagnosticStatus, "control/progress", qos.STREAM)
        instruction = self.node.create_publisher(String, "instruction", qos.LATCHED)
        instruction.publish(String(data="go"))
        self.chunks: list[ActionChunk] = []
        self.node.create_subscription(
            JointTrajectory, "policy/action_chunk", lambda m: self.chunks.append(messages.chunk_from(m)), qos.EVENTS
        )
        self.writer = messages.JointStateWriter(JOINTS)
        self.time = 1.0
        spin_until(self.executor, lambda: self.node.count_subscribers("joint_states") > 0, 30.0)
        spin_until(self.executor, lambda: self.node.count_subscribers("control/progress") > 0, 30.0)

    def stand(self, remaining: float, looks: int) -> int:
        """Let time pass in which `remaining` [s] are left of the chunk; return how many new chunks came."""
        before = len(self.chunks)
        for _ in range(looks):
            self.time = round(self.time + 0.1, 6)
            report = ControlProgress(stamp=self.time, enabled=True, remaining_s=remaining, sequence=1)
            self.progress.publish(messages.diagnostic(NAME, messages.OK, report.hold_reason, report.values()))
            spin_until(self.executor, lambda: False, 0.02)
            for offset in (-0.003, 0.001):
                self.joint_states.publish(
                    self.writer.write(self.time + offset, np.full(9, 0.02), np.zeros(9), np.zeros(9))
                )
            spin_until(self.executor, lambda: False, 0.05)
        return len(self.chunks) - before

    def close(self) -> None:
        self.under_test.close()
        leave(self.executor, self.under_test, self.node)


@pytest.fixture
def standing():
    with served() as there:
        world = Standing(there.url)
        yield world
        world.close()


def test_a_new_chunk_is_asked_for_at_the_threshold_though_the_robot_stands(standing):
    standing.stand(THRESHOLD_S - 0.1, 2)
    standing.stand(THRESHOLD_S + 0.1, 4)  # what was under way is out
    assert standing.stand(THRESHOLD_S + 0.1, 10) == 0
    assert standing.stand(THRESHOLD_S - 0.1, 10) >= 5  # four tenths before the chunk is over, and not only then

# SPDX-License-Identifier: Apache-2.0
"""What a policy found, on its topic: once a look, for late listeners too, and never a hindrance."""

from __future__ import annotations

import time

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from visualization_msgs.msg import Marker, MarkerArray

from vla_ros import messages, qos
from vla_ros.nodes.policy.detection_publisher import CHOSEN, OTHER, DetectionPublisher
from vla_ros.policies.capabilities.detection import Detection


class LookingPolicy:
    """Finds what the test says."""

    def __init__(self) -> None:
        self.detections: tuple[Detection, ...] = ()

    def infer(self, observation):
        raise NotImplementedError

    def reset(self) -> None:
        pass


def found(label: str, chosen: bool) -> Detection:
    return Detection(label, 0.5, np.array([0.4, 0.1, 0.05]), np.array([0.1, 0.05, 0.08]), chosen, chosen)


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("looker", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def listen(node) -> list[MarkerArray]:
    """Listen like someone who comes late."""
    heard: list[MarkerArray] = []
    node.create_subscription(MarkerArray, "policy/detections", heard.append, qos.LATCHED)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    executor.remove_node(node)
    return heard


def test_a_late_listener_gets_the_last_look(node):
    policy = LookingPolicy()
    publisher = DetectionPublisher(node, policy)
    publisher.publish(0.5, "panda_link0")  # nothing yet
    policy.detections = (found("red mug", True), found("not a red mug", False))
    publisher.publish(1.5, "panda_link0")
    heard = listen(node)
    assert len(heard) == 1
    assert heard[0].markers[0].action == Marker.DELETEALL
    boxes = messages.marked_boxes(heard[0])
    assert [box.text for box in boxes] == ["red mug 0.50", "not a red mug 0.50"]
    np.testing.assert_allclose([box.color for box in boxes], [CHOSEN, OTHER], atol=1e-6)
    assert {m.header.frame_id for m in heard[0].markers} == {"panda_link0"}


def test_the_same_look_is_published_once(node):
    policy = LookingPolicy()
    publisher = DetectionPublisher(node, policy)
    heard: list[MarkerArray] = []
    publisher._publisher.publish = heard.append
    policy.detections = (found("red mug", True),)
    for tick in range(5):
        publisher.publish(0.1 * tick, "panda_link0")
    assert len(heard) == 1
    policy.detections = ()  # looked again, nothing there: what was shown goes
    publisher.publish(1.0, "panda_link0")
    assert [marker.action for marker in heard[1].markers] == [Marker.DELETEALL]


def test_a_policy_that_cannot_tell_is_left_in_peace(node):
    DetectionPublisher(node, object()).publish(0.0, "panda_link0")
    assert listen(node) == []

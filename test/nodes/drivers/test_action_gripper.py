# SPDX-License-Identifier: Apache-2.0
"""What of a gripper driver's states is news: beside a stand-in for the action, whose messages the pip home lacks."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
import rclpy
from rclpy.node import Node
from sensor_msgs.msg import JointState

from vla_ros import messages
from vla_ros.nodes.gripper import action_gripper
from vla_ros.nodes.gripper.action_gripper import ActionGripper
from vla_ros.robots.embodiment import load_embodiment


@pytest.fixture
def gripper(monkeypatch) -> Iterator[ActionGripper]:
    """Return the hand of an FR3, whose action is there."""
    monkeypatch.setattr(action_gripper, "GoalRunner", lambda *rest: SimpleNamespace(ready=True, running=None))
    rclpy.init(args=[])
    node, robot = Node("gripper_under_test"), load_embodiment("fr3")
    (config,) = robot.ros2_control.grippers
    yield ActionGripper(node, config, robot.gripper(config.gripper))
    node.destroy_node()
    rclpy.try_shutdown()


def states(gripper: ActionGripper, time: float) -> JointState:
    joint = gripper.config.joint or gripper._joints[0]
    message = JointState(name=[joint], position=[0.02])
    message.header.stamp = messages.stamp(time)
    return message


@pytest.mark.parametrize(("stamps", "silent"), [((5.0, 5.0), True), ((5.0, 5.1), False), ((0.0, 0.0), False)])
def test_a_driver_that_repeats_its_last_states_is_silent(gripper, monkeypatch, stamps, silent):
    now = 100.0
    monkeypatch.setattr(action_gripper.time, "monotonic", lambda: now)
    gripper._on_states(states(gripper, stamps[0]))
    assert gripper.trouble == ""
    now += 2.0 * gripper.config.silent_after_s
    gripper._on_states(states(gripper, stamps[1]))
    assert ("is the gripper's driver running?" in gripper.trouble) == silent

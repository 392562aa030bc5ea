# SPDX-License-Identifier: Apache-2.0
"""state_node beside somebody else who publishes joint states of other joints."""

from __future__ import annotations

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState

from vla_ros import messages, qos
from vla_ros.nodes.state_node import StateNode
from vla_ros.robots.embodiment import load_embodiment


def test_joint_states_of_others_neither_take_the_place_of_the_robots_nor_stand_for_them():
    """The other one's come first whenever a pose is due."""
    rclpy.init()
    executor, state, driver = EventsExecutor(), StateNode(), rclpy.create_node("driver")
    state.trigger_configure()
    assert state.failure is None
    state.trigger_activate()
    poses: list[PoseStamped] = []
    driver.create_subscription(PoseStamped, "panda/ee_pose", poses.append, qos.STREAM)
    states = driver.create_publisher(JointState, "joint_states", qos.STREAM)
    robot = load_embodiment("franka")
    places = dict.fromkeys((joint for group in robot.jointed_groups for joint in group.joints), 0.01)
    places |= dict(zip(robot.arms[0].joints, robot.arms[0].home, strict=True))
    executor.add_node(state)
    executor.add_node(driver)
    sent = 0

    def say(ours: bool) -> None:
        nonlocal sent
        stamp = 100.0 + 0.01 * (sent // 2) + 0.001 * (sent % 2)
        states.publish(messages.joint_position_message(places if ours else {"door": 0.1}, stamp))
        sent += 1

    def heard() -> bool:
        say(bool(sent % 2))
        return len(poses) > 5

    try:
        assert spin_until(executor, lambda: states.get_subscription_count() > 0, 30.0)
        assert spin_until(executor, heard, 20.0)
        assert np.isfinite(messages.transform(poses[-1].pose)).all()

        def others() -> bool:
            say(False)
            return False

        spin_until(executor, others, 0.6)
        assert state._stale
    finally:
        state.close()
        leave(executor, state, driver)

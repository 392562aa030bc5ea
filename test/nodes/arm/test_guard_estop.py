# SPDX-License-Identifier: Apache-2.0
"""The guard hears a stop from whoever says it, and has control hear it, too."""

from __future__ import annotations

import pytest
import rclpy
from rclpy.experimental import EventsExecutor
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rig.spinning import leave, spin_until
from std_msgs.msg import Bool

from vla_ros import qos
from vla_ros.nodes.guard_node import GuardNode


@pytest.mark.parametrize("reliability", [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT])
def test_a_button_whose_publisher_is_not_latched_stops_and_does_not_release(reliability):
    rclpy.init()
    executor, guard, button = EventsExecutor(), GuardNode(), rclpy.create_node("button")
    said: list[bool] = []
    pressed = button.create_publisher(Bool, "estop", QoSProfile(depth=10, reliability=reliability))
    button.create_subscription(Bool, "estop", lambda message: said.append(message.data), qos.LATCHED)
    executor.add_node(guard)
    executor.add_node(button)
    try:
        assert spin_until(executor, lambda: pressed.get_subscription_count() > 0, 30.0)

        def stopped() -> bool:
            pressed.publish(Bool(data=True))
            return bool(said)

        assert spin_until(executor, stopped, 30.0, wake=0.1)
        for _ in range(5):
            pressed.publish(Bool(data=False))
            spin_until(executor, lambda: False, 0.1)
        assert said == [True]
        released = button.create_publisher(Bool, "estop", qos.LATCHED)
        released.publish(Bool(data=False))
        assert spin_until(executor, lambda: said[-1] is False, 30.0)
        spin_until(executor, lambda: False, 0.3)
        assert said[-1] is False
    finally:
        guard.socket.close()
        leave(executor, guard, button)

# SPDX-License-Identifier: Apache-2.0
"""The simulator's node from inside: commands that piled up while it was late."""

from __future__ import annotations

import time

import numpy as np
import pytest
import rclpy
from std_msgs.msg import Float64MultiArray

from vla_ros import qos
from vla_ros.nodes.sim_node import SimNode, take_commands
from vla_ros.nodes.spinning import Spinner


@pytest.fixture
def sim():
    rclpy.init(args=["--ros-args", "-p", "seed:=1"])
    node = SimNode()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_late_world_takes_every_command_that_waits_and_obeys_the_last(sim):
    efforts = sim.create_publisher(Float64MultiArray, "panda_effort_controller/commands", qos.STREAM)
    spinner = Spinner(sim, stop=False)
    for _ in range(20):  # until all is matched and nothing waits
        spinner.once(0.05)
    for number in range(8):
        efforts.publish(Float64MultiArray(data=[0.1 * number] * 7))
        time.sleep(0.005)  # as control does: what comes in one burst is one event to the executor
    efforts.wait_for_all_acked(rclpy.duration.Duration(seconds=5))
    end = time.monotonic() + 5.0
    while sim.commands < 8 and time.monotonic() < end:  # they may still be on their way
        before = sim.commands
        take_commands(sim, spinner)
        assert sim.commands - before in (0, 8 - before)  # never one by one
        time.sleep(0.2)
    sim.advance()
    np.testing.assert_allclose(sim._world.effort, 0.7, atol=1e-6)

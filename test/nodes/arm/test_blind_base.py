# SPDX-License-Identifier: Apache-2.0
"""Joint states that stop while a base drives: control's node brakes it, from inside, without a graph."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from robot_rigs.two_armed_robot import PAIR

from vla_ros.nodes.control_node import ControlNode
from vla_ros.robots.embodiment import load_embodiment


@pytest.fixture
def control():
    rclpy.init(args=["--ros-args", "-p", f"robot:={PAIR}", "-p", "hold:=none"])
    node = ControlNode()
    node.configure()
    yield node
    node.destroy_node()
    rclpy.try_shutdown()


def test_a_base_is_braked_when_the_robot_is_let_go_blind(control):
    driver, told = control.driver, []
    control._auxiliary_output._base = SimpleNamespace(publish=lambda message: told.append(message.twist.linear.x))
    home = [q for group in load_embodiment(str(PAIR)).driven_groups for q in group.home]
    position = np.array([*home, *np.zeros(sum(driver._fingers.values()))])
    monotonic = time.monotonic()

    def run(seconds: float, heard: bool) -> None:
        nonlocal monotonic
        for _ in range(round(seconds * control.rate)):
            monotonic += 1.0 / control.rate
            if heard:
                driver.observe(monotonic, 1000.0 + monotonic, position, 0.0 * position)
            control.tick(monotonic)

    run(0.1, heard=True)
    driver.enable(monotonic)
    run(0.1, heard=True)
    driver.follower.command.base_velocity[0] = 0.5
    driver.follower.tick = lambda *given: driver.follower.command  # it drives on
    run(0.1, heard=True)
    assert told[-1] == 0.5
    run(0.2, heard=False)
    assert "the robot holds itself" in driver.follower.progress.hold_reason
    assert 0.4 < told[-1] < 0.5, "a base brakes no faster than it may"
    run(0.8, heard=False)
    assert told[-1] == 0.0, "by itself it would go on for half a second"
    assert (np.diff(told[told.index(0.5) :]) <= 0.0).all()
    count = len(told)
    run(0.2, heard=False)
    assert len(told) == count

# SPDX-License-Identifier: Apache-2.0
"""The way home from a node's side: no way is one line, and planning starts from where the arm is."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
import rclpy
from robot_rigs.planning_robot import ARM, FRANKA, HOME, checker, tool

from vla_ros import messages
from vla_ros.nodes.arm import way_home as way_home_module
from vla_ros.nodes.arm.client import ArmClient
from vla_ros.nodes.arm.surroundings import arms_that_hold
from vla_ros.nodes.arm.way_home import ControlRefused, WayHome
from vla_ros.nodes.spinning import Spinner, StopRequest
from vla_ros.planning.scene import CollisionScene, box_between
from vla_ros.robots.embodiment import load_embodiment

SIDE = HOME + np.array([1.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])


def way_home() -> WayHome:
    return WayHome(SimpleNamespace(embodiment=FRANKA), SimpleNamespace(stop=False, once=time.sleep))


def test_no_way_home_is_one_line():
    place = tool(HOME)[:3, 3]
    scene = CollisionScene((box_between("box", place - 0.05, place + 0.05),))
    reason = "no way home: the goal is in collision: 'box' and panda_"
    with pytest.raises(ControlRefused, match=reason) as caught:
        way_home()._plan(SIDE, {}, scene)
    assert "\n" not in str(caught.value)


def test_the_plan_starts_where_the_arm_is_and_goes_around_the_scene():
    post = box_between("post", (0.28, 0.18, 0.0), (0.34, 0.24, 0.7))
    plan = way_home()._plan(SIDE, {}, CollisionScene((post,)))
    np.testing.assert_allclose(plan.positions[[0, -1]], [SIDE, HOME], atol=1e-9)
    look = checker(post)
    assert all(look.free(q) for q in plan.positions)
    assert plan.joints == ARM.joints


def test_what_is_at_a_closed_gripper_or_at_cups_that_suck_is_held_and_no_obstacle():
    hybrid = load_embodiment("franka+hybrid")
    (arm,) = (one.name for one in hybrid.arms)
    cups = dict.fromkeys((f"{cup}/suction" for cup in hybrid.suction_tools[0].cups), 0.0)
    wide = {"fingers/width": hybrid.grippers[0].width_max}
    assert arms_that_hold(hybrid, cups | wide) == set()
    assert arms_that_hold(hybrid, cups | wide | {"cup_2/suction": 1.0}) == {arm}
    assert arms_that_hold(hybrid, cups | {"fingers/width": 0.0}) == {arm}
    assert arms_that_hold(load_embodiment("franka+seven_piston"), {}) == set()  # nothing was told yet


def test_on_the_way_home_joints_are_heard_and_not_for_longer(monkeypatch):
    monkeypatch.setattr(way_home_module, "JOINTS_WITHIN_S", 0.05)
    rclpy.init(args=["--ros-args", "-p", "robot:=franka"])
    try:
        node = ArmClient("goes_home")
        spinner = Spinner(node, cast(StopRequest, False))
        way = WayHome(node, spinner)
        before = len(list(node.subscriptions))
        for _ in range(3):  # nobody says where the joints are, and an old word would not do
            node.joints = messages.JointSample(0.0, *np.zeros((2, 7)))
            assert way.go() == float("inf")
        assert len(list(node.subscriptions)) == before, "each way home would make the next one dearer"
        node.measure_joints()  # as who listens for good does
        way.go()
        assert len(list(node.subscriptions)) == before + 1
        node.destroy_node()
    finally:
        rclpy.try_shutdown()

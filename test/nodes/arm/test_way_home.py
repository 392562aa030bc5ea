# SPDX-License-Identifier: Apache-2.0
"""The way home from a node's side: no way is one line, and planning starts from where the arm is."""

from __future__ import annotations

import time
from contextlib import nullcontext
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


def raised(robot: str, heights: dict[str, float], away: float) -> dict[str, float]:
    """Return by how much each arm is raised [m] whose tool is so high [m] and which is `away` [rad] from home."""
    embodiment = load_embodiment(robot)
    joints = {
        joint: home for group in embodiment.driven_groups for joint, home in zip(group.joints, group.home, strict=True)
    }
    commanded = {arm: np.eye(4) for arm in heights}
    for arm, height in heights.items():
        commanded[arm][2, 3] = height
        joints[embodiment.arm(arm).joints[0]] += away
    node = SimpleNamespace(
        embodiment=embodiment, commanded=commanded, joints=True, measured=joints, measuring_joints=nullcontext
    )
    way, found = WayHome(node, SimpleNamespace(stop=False, once=time.sleep)), {}

    def execute(make) -> None:
        chunk = make(0.0, 1)
        (name,) = (name for name in heights if f"{name}/position.z" in chunk.channels)
        column = chunk.channels.index(f"{name}/position.z")
        found[name] = float(chunk.values[-1, column] - heights[name])

    way.execute, way._take_arms_home, way._take_joints_home = execute, lambda: None, lambda group: None
    way.go()
    return found


@pytest.mark.parametrize("robot", ["agilex", "bytemini", "ldt01"])
def test_tools_among_what_stands_on_a_high_table_go_up_first(robot):
    origin = load_embodiment(robot).workplace.origin[2]  # of the base, not of the arms, is the base frame
    by = pytest.approx(0.15)
    assert raised(robot, {"left": origin + 0.1, "right": origin + 0.3}, 0.5) == {"left": by, "right": by}
    assert raised(robot, {"left": origin + 0.1, "right": origin + 0.36}, 0.5) == {"left": by}
    assert raised(robot, {"left": origin + 0.1, "right": origin + 0.3}, 0.01) == {}, "home is where they are"


@pytest.mark.parametrize("robot", ["franka", "ur5e"])
def test_tools_of_an_arm_at_the_table_go_up_first(robot):
    (arm,) = (one.name for one in load_embodiment(robot).arms)
    assert raised(robot, {arm: 0.3}, 0.5) == {arm: pytest.approx(0.15)}
    assert raised(robot, {arm: 0.36}, 0.5) == {}


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

# SPDX-License-Identifier: Apache-2.0
"""Two arms whose ways would meet go one after the other, and those whose ways do not go at once."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.robots.control import FollowerFactory, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.table import load_task
from vla_ros.tasks.two_hands.both_arms import BothArms, moved


@pytest.fixture(scope="module")
def both() -> BothArms:
    robot = load_embodiment("ldt01")
    world = World(load_task("flip").scene(SceneRequest("basic", 505, robot="ldt01")), robot, timestep=0.002)
    models = FollowerFactory(robot, load_control_config(robot.source)).models
    return BothArms(world, models, ExpertMotionConfig())


def out_and_back(both: BothArms, side: int, point: np.ndarray):
    """Return an arm's way from home to a point (3,) [m] with the hand as at home, and back."""
    planner = both.planners[side]
    home = planner.group.home
    T = planner.arm.forward(home).copy()
    q = planner.posture_at(moved(T, point - T[:3, 3]), home)
    assert q is not None
    out = planner.joint_way(home, q, 0.05, MotionPhase.APPROACH)
    return out, planner.joint_way(q, home, 0.05, MotionPhase.RETREAT)


def test_arms_that_keep_apart_go_at_once(both) -> None:
    ways = tuple(out_and_back(both, side, np.array([0.4, y, 0.90]))[0] for side, y in ((0, 0.25), (1, -0.25)))
    parts = both.together(ways)
    assert parts is not None
    assert [set(part) for part in parts] == [set(both.names)]


def test_an_arm_waits_until_the_other_has_left(both) -> None:
    middle = np.array([0.42, 0.0, 0.90])
    out, _ = out_and_back(both, 0, middle)
    _, back = out_and_back(both, 1, middle)
    lingers = [back[0]] * len(out) + back
    parts = both.together((out, lingers))
    assert parts is not None
    assert [list(part) for part in parts] == [[both.names[1]], [both.names[0]]]


def test_two_hands_in_one_place_are_no_way(both) -> None:
    middle = np.array([0.42, 0.0, 0.90])
    ways = tuple(out_and_back(both, side, middle)[0] for side in (0, 1))
    assert both.together(ways) is None

# SPDX-License-Identifier: Apache-2.0
"""The way home from a node's side: no way is one line, and planning starts from where the arm is."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest
from planning_robot import ARM, FRANKA, HOME, checker, tool

from vla_ros.nodes.arm.way_home import ControlRefused, WayHome
from vla_ros.planning.scene import CollisionScene, box_between

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

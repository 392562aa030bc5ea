# SPDX-License-Identifier: Apache-2.0
"""Motion in pieces: straight where it must be, continuous at every cut, as a chunk what control accepts; home."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import Rig
from robot_rigs.planning_robot import ARM, HOME, TABLE, assert_sound, ompl, tool

from controllers.errors import ConfigError
from vla_ros.planning.chunk import plan_chunk
from vla_ros.planning.errors import PlanningError
from vla_ros.planning.home import plan_home
from vla_ros.planning.problem import JointGoal, PlanningProblem
from vla_ros.planning.scene import CollisionScene, box_between
from vla_ros.planning.sweep import bisection_order
from vla_ros.planning.trajectory import Connector, motion_limits, polyline_trajectory

LIMITS = motion_limits([ARM], 0.5)
CORNERS = HOME + np.array([[0.0] * 7, [0.8, 0.2, -0.3, 0.1, 0.0, 0.5, 0.9], [1.0, -0.2, 0.3, 0.4, 0.6, 0.1, -0.5]])


def test_a_line_is_straight_whichever_joint_holds_it_back():
    line = Connector(LIMITS).straight(CORNERS[0], CORNERS[1])
    way = CORNERS[1] - CORNERS[0]
    for t in np.linspace(0.0, line.duration, 50):
        q, dq, ddq = (np.array(row) for row in line.at_time(float(t)))
        share = (q - CORNERS[0]) @ way / (way @ way)
        np.testing.assert_allclose(q, CORNERS[0] + share * way, atol=1e-12)
        assert (np.abs(dq) <= LIMITS.velocity * (1.0 + 1e-9)).all()
        assert (np.abs(ddq) <= LIMITS.acceleration * (1.0 + 1e-9)).all()


def test_a_shortcut_joins_the_motion_in_position_velocity_and_acceleration():
    connector = Connector(LIMITS)
    motion = polyline_trajectory(CORNERS, connector)
    corner = motion.starts[1]
    t1, t2 = corner - 0.4, corner + 0.5
    middle = connector.quickest(motion.at(t1), motion.at(t2))
    joined = motion.replace(t1, t2, middle)
    assert joined.duration == pytest.approx(motion.duration - (t2 - t1) + middle.duration)
    for seam in joined.starts[1:]:
        before, after = (np.array(joined.at(seam + d)) for d in (-1e-7, 1e-7))
        np.testing.assert_allclose(before, after, atol=1e-3)
        np.testing.assert_allclose(before[0], after[0], atol=1e-6)
    np.testing.assert_allclose(joined.at(joined.duration)[0], CORNERS[2], atol=1e-9)


@pytest.mark.parametrize("count", [1, 2, 7, 64, 1000])
def test_bisection_visits_everything_once(count):
    order = bisection_order(count)
    assert sorted(order) == list(range(count))
    assert count < 8 or order[1] >= count // 2 - 1


def test_control_follows_a_plan_as_a_chunk():
    rig = Rig()
    plan = ompl().plan(PlanningProblem(rig.arm.q, JointGoal(HOME + 0.25), CollisionScene((TABLE,)), speed_scale=0.3))
    chunk = plan_chunk(plan, rig.now, "panda_link0", 1)
    assert chunk.channels == tuple(f"{joint}/position" for joint in ARM.joints)
    rig.follower.submit(chunk, rig.now, "planner")
    way = plan.positions[-1] - plan.positions[0]
    while rig.now < plan.duration + 2.0:
        rig.run(0.1)
        # Off the way by no more than control's own error: a straight plan stays a straight motion.
        off = rig.arm.q - plan.positions[0]
        off -= way * (off @ way) / (way @ way)
        assert np.abs(off).max() < 0.03
    np.testing.assert_allclose(rig.arm.q, plan.goal, atol=0.02)
    assert rig.follower.progress.hold_reason == "chunk exhausted"


def test_a_chunk_ends_at_the_goal_and_says_what_periods_are_possible():
    plan = ompl().plan(PlanningProblem(HOME, JointGoal(HOME + 0.1)))
    chunk = plan_chunk(plan, 5.0, "panda_link0", 3)
    np.testing.assert_allclose(chunk.values[-1], HOME + 0.1, atol=1e-9)
    np.testing.assert_allclose(np.diff(chunk.times), 0.05)
    with pytest.raises(ConfigError, match="period"):
        plan_chunk(plan, 5.0, "panda_link0", 3, period=1.0)


@pytest.mark.parametrize(
    "turns",
    [[1.3, 0.4, 0.2, -0.3, 0.1, 0.3, 0.8], [-0.6, 0.9, 0.0, 0.3, 0.0, 0.2, -1.5], [0.1, -0.3, 0.0, 0.0, 0, 0, 0]],
)
def test_the_way_home_never_goes_lower_than_the_hand_was(turns):
    start = HOME + np.array(turns)
    plan = plan_home(ompl(), start)
    assert_sound(plan, PlanningProblem(start, JointGoal(HOME), speed_scale=0.3))
    np.testing.assert_allclose(plan.goal, HOME, atol=1e-9)
    heights = np.array([tool(q)[2, 3] for q in plan.positions])
    assert heights.min() > min(heights[0], heights[-1]) - 0.05


def test_the_way_home_goes_around_what_is_known():
    start = HOME + np.array([1.2, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0])
    wall = box_between("wall", (0.25, 0.12, 0.0), (0.6, 0.15, 0.5))
    plan = plan_home(ompl(), start, CollisionScene((wall,)))
    assert_sound(plan, PlanningProblem(start, JointGoal(HOME), CollisionScene((wall,)), margin=0.002, speed_scale=0.3))


def test_what_the_arm_stands_in_is_no_obstacle_and_what_stands_in_its_home_is():
    start = HOME + np.array([1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    at_start, at_home = tool(start)[:3, 3], tool(HOME)[:3, 3]
    ghost = box_between("ghost", at_start - 0.05, at_start + 0.05)
    np.testing.assert_allclose(plan_home(ompl(), start, CollisionScene((ghost,))).goal, HOME, atol=1e-9)
    box = box_between("box", at_home - 0.05, at_home + 0.05)
    with pytest.raises(PlanningError, match="the goal is in collision: 'box' and panda_"):
        plan_home(ompl(), start, CollisionScene((box,)))

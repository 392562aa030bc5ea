# SPDX-License-Identifier: Apache-2.0
"""Both arms as one body: what control would refuse is not free, ways keep apart and slow down beside each other."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import ChunkError
from controllers.safety.collision_monitor import CollisionMonitor
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.robots.control import load_control_config
from vla_ros.robots.embodiment import expand_urdf
from vla_ros.sim.grasping.motion import ExpertMotionConfig
from vla_ros.sim.world import World
from vla_ros.tasks.two_hands.pair_checker import Situation
from vla_ros.tasks.two_hands.planning import PairPlanner

ARMS = ("left", "right")


@pytest.fixture(scope="module")
def planner():
    runner = EpisodeRunner(EpisodeSettings(policy="expert", task="handover", robot="agilex"))
    world = World(runner.scene(500), runner.embodiment, timestep=0.002)
    yield PairPlanner(world, runner.arm_models, ARMS, ExpertMotionConfig())
    world.close()


def open_hands(planner: PairPlanner, **named) -> Situation:
    return Situation({name: hand.gripper.width_max for name, hand in planner.hands.items()}, **named)


def turned(planner: PairPlanner, left: float, right: float) -> np.ndarray:
    """Return both arms at home, turned about the vertical [rad]."""
    q = planner.home.copy()
    q[[0, 6]] = left, right
    return q


def test_pads_may_touch_what_their_hand_holds_and_the_others_may_not(planner):
    tools = {name: hand.model.forward(planner.home[hand.part]) for name, hand in planner.hands.items()}
    held = Situation(dict.fromkeys(ARMS, 0.0), held=planner.world.scene.target, holder="left")
    assert planner.free(planner.home, held)
    across = dataclasses.replace(held, T_ee_object=np.linalg.inv(tools["left"]) @ tools["right"])
    assert not planner.free(planner.home, across)
    assert planner.free(planner.home, dataclasses.replace(across, touching=("right",)))


def test_what_is_held_rides_with_a_base_that_drives():
    runner = EpisodeRunner(EpisodeSettings(policy="expert", task="handover", robot="bytemini"))
    world = World(runner.scene(500), runner.embodiment, timestep=0.002)
    planner = PairPlanner(world, runner.arm_models, ARMS, ExpertMotionConfig())
    tools = {name: hand.model.forward(planner.home[hand.part]) for name, hand in planner.hands.items()}
    held = Situation(dict.fromkeys(ARMS, 0.0), held=world.scene.target, holder="left")
    across = dataclasses.replace(held, T_ee_object=np.linalg.inv(tools["left"]) @ tools["right"])
    for place in (np.zeros(3), np.array([-0.5, 0.2, 0.4])):
        world.base.place(place)
        assert planner.free(planner.home, held)
        assert not planner.free(planner.home, across)
    world.close()


def test_what_control_refuses_is_not_free(planner):
    robot = planner.world.embodiment
    config = load_control_config(robot.source).safety
    groups = {group.name: group.joints for group in robot.driven_groups}
    tools = {arm.name: arm.tool_frame for arm in robot.arms}
    monitor = CollisionMonitor(expand_urdf(robot), groups, tools, config)
    lower, upper = (np.concatenate([getattr(arm, end) for arm in robot.arms]) for end in ("lower", "upper"))
    random, refused = np.random.default_rng(0), 0
    for q in planner.home + random.normal(0.0, 0.6, (150, 12)):
        q = np.clip(q, lower, upper)
        try:
            monitor.check_joints(q[None])
        except ChunkError:
            refused += 1
            assert not planner.free(q, open_hands(planner))
    assert refused > 10


def test_the_two_search_a_way_past_each_other(planner):
    # Each hand before the other's shoulder and back: on the straight line they would meet in the middle.
    start, end = turned(planner, -0.75, -0.75), turned(planner, 0.75, 0.75)
    start[1], end[1] = planner.home[1] - 0.2, planner.home[1] - 0.2
    situation = open_hands(planner)
    way = planner.way(start, end, situation)
    assert way is not None
    np.testing.assert_allclose(way[-1], end, atol=1e-6)
    assert all(planner.free(q, situation) for q in way[:-1])
    speed = np.abs(np.diff(np.vstack([start, *way]), axis=0)).max() / planner.motion.period
    assert speed < 3.0


def test_arms_near_each_other_take_their_time(planner):
    checker = planner._checkers[0]
    far, near = turned(planner, 0.0, 0.0), turned(planner, -0.7, 0.7)
    rows = np.linspace(far, near, 6)[1:]  # half a second
    slowed = planner._unhurried(far, rows)
    assert len(slowed) > 1.5 * len(rows)
    np.testing.assert_allclose(slowed[-1], near, atol=1e-9)
    before = checker.distances(far)
    for q in slowed:
        now = checker.distances(q)
        nearing = (before - now) / planner.motion.period
        assert (nearing * 0.3 <= np.maximum(now - 0.005, 0.004)).all()  # control slows down, and stops, beyond that
        before = now


def test_what_is_held_counts_as_the_hand_that_holds_it(planner):
    target = planner.world.scene.target
    below = np.eye(4)
    below[2, 3] = 0.45  # [m] before the tool: in the table
    free = open_hands(planner)
    assert planner.free(planner.home, free)
    held = dataclasses.replace(free, held=target, holder="left", T_ee_object=below)
    assert not planner.free(planner.home, held)
    assert "touches" in planner.why_not(planner.home, held)
    below[2, 3] = 0.0
    assert planner.free(planner.home, dataclasses.replace(held, T_ee_object=below))


def test_a_tool_goes_straight_and_the_other_arm_stays(planner):
    hand = planner.hands["left"]
    T_end = hand.model.forward(hand.group.home).copy()
    T_end[2, 3] -= 0.05
    rows = planner.slide("left", planner.home, T_end, 0.1, open_hands(planner))
    assert rows is not None
    for q in rows:
        T = hand.model.forward(q[hand.part])
        np.testing.assert_allclose(T[:2, 3], T_end[:2, 3], atol=1e-3)
        np.testing.assert_array_equal(q[planner.hands["right"].part], planner.hands["right"].group.home)
    np.testing.assert_allclose(T, T_end, atol=2e-3)
    T_end[2, 3] -= 1.0
    assert planner.slide("left", planner.home, T_end, 0.1) is None


def test_a_hand_that_touches_the_table_gets_away_from_it_and_not_further_in(planner):
    situation = open_hands(planner, ignored=planner.world.object_names)
    T = planner.hands["left"].model.forward(planner.home[planner.hands["left"].part]).copy()
    heights = np.arange(0.15, -0.05, -0.002) + planner.world.scene.table.height
    poses = np.tile(T, (len(heights), 1, 1))
    poses[:, 2, 3] = heights
    found = planner.postures("left", poses)
    touching = next(
        (planner.with_arm(planner.home, "left", q), pose)
        for q, pose in zip(found, poses, strict=True)
        if np.isfinite(q).all() and not planner.free(planner.with_arm(planner.home, "left", q), situation)
    )
    q, T_down = touching
    up, further = T_down.copy(), T_down.copy()
    up[2, 3] += 0.08
    further[2, 3] -= 0.03
    way = planner.slide("left", q, up, 0.18, situation, partly=True)
    assert way is not None
    assert planner.free(way[-1], situation)
    assert planner.hands["left"].model.forward(way[-1][planner.hands["left"].part])[2, 3] > up[2, 3] - 2e-3
    assert planner.slide("left", q, further, 0.18, situation, partly=True) is None

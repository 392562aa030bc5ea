# SPDX-License-Identifier: Apache-2.0
"""The hand stays above the table and the arm out of itself: in chunks that are refused, and in the motion."""

import dataclasses
from functools import lru_cache

import numpy as np
import pinocchio as pin
import pytest
from arms.franka_arm import ARM, FRAME, HOME, WIDTH, Rig, franka_config, franka_model
from arms.position_arm import PositionRig

from controllers.chunks.chunk import ActionChunk
from controllers.control_config import ControlConfig, SafetyConfig
from controllers.errors import ChunkError, ConfigError
from controllers.rotations import compose_exp
from controllers.safety.collision_monitor import CHECK_PERIOD_S, CollisionMonitor
from controllers.safety.hand_shape import hand_corners
from controllers.safety.self_distance import SLOW_S, SelfDistance
from vla_ros.robots.control import collision_monitor, load_control_config
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

EMBODIMENT = load_embodiment("franka")
URDF = expand_urdf(EMBODIMENT)


def config_with(**safety) -> ControlConfig:
    config = franka_config()
    return dataclasses.replace(config, safety=dataclasses.replace(config.safety, **safety))


def monitor_of(config: ControlConfig) -> CollisionMonitor:
    return collision_monitor(EMBODIMENT, config)


@lru_cache
def self_distance() -> SelfDistance:
    return SelfDistance(URDF, [ARM.joints], [ARM.tool_frame], 0.005, 25.0)


def closest(q: np.ndarray) -> float:
    """Return the distance of the links nearest to each other, by a model of the test's own."""
    own = self_distance()
    own._q_asked[own._columns] = q
    return min(own._whole.measure(own._q_asked))


@pytest.mark.parametrize("rate", [1000.0, 500.0, 333.0, 250.0, 200.0, 125.0])
def test_a_look_is_never_later_than_links_may_approach_by(rate, monkeypatch):
    monitor, looks = monitor_of(franka_config()), []
    monkeypatch.setattr(monitor._own, "update", lambda q, elapsed: looks.append(elapsed) or "")
    for _ in range(round(rate)):
        monitor.update(np.array(HOME), {}, 1.0 / rate)
    assert max(looks) <= CHECK_PERIOD_S + 1e-9
    assert min(looks) > 0.6 * CHECK_PERIOD_S  # no oftener than that takes
    assert sum(looks) == pytest.approx(1.0, abs=CHECK_PERIOD_S)


# --- the table ---


def test_the_corners_hold_the_whole_hand():
    corners = hand_corners(URDF, ARM.tool_frame)
    assert corners[:, 2].min() < -0.1  # the flange
    assert 0.0 <= corners[:, 2].max() < 0.03  # the tips, a little beyond the tool point
    assert corners[:, 1].max() > 0.09  # the hand's width [m]
    assert np.allclose(corners[:, 1].max(), -corners[:, 1].min(), atol=0.01)


def lowest(T: np.ndarray) -> float:
    return float((hand_corners(URDF, ARM.tool_frame) @ T[2, :3]).min() + T[2, 3])


def test_a_chunk_may_go_down_to_the_table_with_the_hand_not_with_the_tool_point():
    model = franka_model()
    floor = lowest(model.forward(HOME))
    config = config_with(table_height=floor - 0.05, self_distance_min=None)
    rig = Rig(config, monitor=monitor_of(config))
    rig.submit([[0.0, 0.0, -0.049]])
    assert "puts the hand 10 mm below the table" in rig.refused([[0.0, 0.0, -0.03], [0.0, 0.0, -0.06]])
    # The same tool point with the hand tipped over, its side down:
    tipped = np.array([compose_exp(tuple(rig.quaternion), (1.2 * k / 8, 0.0, 0.0)) for k in range(1, 9)])
    heights = np.tile([0.0, 0.0, -0.03], (8, 1))
    rig.submit(heights)
    assert "chunk point" in rig.refused(heights, quaternions=tipped)


def test_joint_targets_are_held_above_the_table_too():
    config = config_with(table_height=lowest(franka_model().forward(HOME)) - 0.02, self_distance_min=None)
    rig = Rig(config, monitor=monitor_of(config))
    down = HOME + np.array([0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0])
    with pytest.raises(ChunkError, match="below the table"):
        rig.follower.submit(joint_chunk(rig, [HOME, down]), rig.now)


def test_a_hand_that_is_pressed_through_the_table_is_stopped_and_may_be_raised():
    config = config_with(table_height=lowest(franka_model().forward(HOME)) - 0.02, self_distance_min=None)
    rig = Rig(config, monitor=monitor_of(config))
    rig.submit(np.zeros((20, 3)))
    rig.arm.disturbance[:] = rig.model.J.T @ np.array([0, 0, -60.0, 0, 0, 0])  # [N] something pushes it down
    for _ in range(60):
        rig.run(0.01)
        if rig.follower.progress.hold_reason:
            break
    assert "below the table" in rig.follower.progress.hold_reason
    rig.arm.disturbance[:] = 0.0
    rig.run(0.3)
    assert -0.04 < rig.tool[2, 3] - rig.position[2] < -0.025
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.submit([[0.0, 0.0, -0.01], [0.0, 0.0, 0.0], [0.0, 0.0, 0.02]], step=0.3)
    rig.run(1.5)
    assert rig.tool[2, 3] - rig.position[2] > 0.01
    assert rig.follower.progress.hold_reason == "chunk exhausted"


# --- itself ---


def joint_chunk(rig: Rig, targets, step: float = 0.5) -> ActionChunk:
    targets = np.atleast_2d(targets)
    rig.sequence += 1
    names = tuple(f"{joint}/position" for joint in ARM.joints)
    return ActionChunk(rig.now, FRAME, names, step * np.arange(1, len(targets) + 1), targets, sequence=rig.sequence)


def colliding_configurations() -> np.ndarray:
    random = np.random.default_rng(11)
    found = [q for q in random.uniform(ARM.lower, ARM.upper, (400, 7)) if closest(q) < -0.02]
    return np.array(found[:6])


def test_joint_targets_in_itself_are_refused_with_the_names_of_the_links():
    rig = Rig(monitor=monitor_of(franka_config()))
    target = colliding_configurations()[0]
    with pytest.raises(ChunkError, match=r"chunk point 1 brings panda_\w+ and panda_\w+ into each other"):
        rig.follower.submit(joint_chunk(rig, [HOME, target], step=5.0), rig.now)


# Some of them are outside of the tool's box.
ROOMY = dataclasses.replace(franka_config(), workspace_lower=(-1.5, -1.5, -1.0), workspace_upper=(1.5, 1.5, 2.0))


def into_itself(number: int) -> tuple[Rig, float]:
    """Return a rig on its way into itself, and how long that takes [s]: joint targets that no check has seen."""
    target = colliding_configurations()[number]
    rig = Rig(ROOMY, monitor=monitor_of(ROOMY), command_delay=0.004)
    rig.follower._monitor.check_joints = lambda *arguments: None
    duration = float((np.abs(target - HOME) / ARM.velocity).max() / 0.5)
    rig.follower.submit(joint_chunk(rig, [target], step=duration), rig.now)
    return rig, duration


@pytest.mark.parametrize("number", range(6))
def test_a_motion_into_itself_is_bent_aside_and_ends_without_a_stop(number):
    rig, duration = into_itself(number)
    nearest = np.inf
    for _ in range(round((4.0 * duration + 1.5) / 0.02)):  # progress waits: up to four times as long
        rig.run(0.02)
        nearest = min(nearest, closest(rig.arm.q))
        if rig.follower.progress.hold_reason:
            break
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    assert nearest > 0.005  # [m] what the gate keeps
    efforts = np.array([sample.effort for sample in rig.run(0.5)])
    assert np.abs(rig.arm.dq).max() < 0.05  # it leans there, at rest …
    assert np.abs(np.diff(efforts, axis=0))[-100:].max() < 0.1  # [N·m] a tick: … and does not chatter


@pytest.mark.parametrize("number", range(3))
def test_a_position_arm_bends_its_motion_aside_too(number):
    target = colliding_configurations()[number]
    rig = PositionRig(ROOMY, monitor=monitor_of(ROOMY))
    rig.follower._monitor.check_joints = lambda *arguments: None
    duration = float((np.abs(target - HOME) / ARM.velocity).max() / 0.5)
    rig.follower.submit(joint_chunk(rig, [target], step=duration), rig.now)
    nearest = np.inf
    for _ in range(round((4.0 * duration + 1.5) / 0.02)):
        rig.run(0.02)
        nearest = min(nearest, closest(rig.servo.q))
        if rig.hold:
            break
    assert rig.hold == "chunk exhausted"
    assert nearest > 0.005  # [m]


@pytest.mark.parametrize("number", range(6))
def test_a_motion_into_itself_is_stopped_before_contact(number):
    """The gate alone, as if nothing kept the links apart."""
    rig, duration = into_itself(number)
    rig.driven.drive.barrier.apply = lambda *arguments: None
    nearest = np.inf
    for _ in range(round((duration + 1.5) / 0.01)):
        rig.run(0.01)
        nearest = min(nearest, closest(rig.arm.q))
        if "fault" in rig.follower.progress.hold_reason:
            break
    rig.run(0.3)
    nearest = min(nearest, closest(rig.arm.q))
    assert "getting nearer" in rig.follower.progress.hold_reason
    assert nearest > 0.0
    # Enabled again where it stopped, it may go back the way it came.
    rig.follower.activate(rig.arm.q, rig.arm.dq, {WIDTH: 0.08}, rig.now)
    rig.follower.submit(joint_chunk(rig, [HOME], step=duration), rig.now)
    rig.run(1.0)
    assert rig.follower.progress.hold_reason == ""


def test_ordinary_motion_is_neither_slowed_nor_stopped():
    rig = Rig(monitor=monitor_of(franka_config()))
    for k in range(12):
        angle = 0.5 * np.arange(4 * k + 1, 4 * k + 5) / 4.0
        rig.submit(0.1 * np.stack([1.0 - np.cos(angle), np.sin(angle), 0.5 * np.sin(2 * angle)], axis=1))
        rig.run(0.1)
        assert rig.follower.progress.hold_reason == ""
        assert rig.follower._monitor.speed_share == 1.0


def test_every_pair_is_looked_at_within_a_tenth_of_a_second():
    own = SelfDistance(URDF, [ARM.joints], [ARM.tool_frame], 0.005, 25.0)
    own.reset(HOME)
    looked = sum(len(group.names) for group in own._groups)
    assert looked == len(own._whole.names) > 40
    assert len(own._groups) * CHECK_PERIOD_S < 0.1
    model = pin.buildModelFromXML(URDF)
    assert len(own._q) == model.nq


@pytest.mark.parametrize("robot", ["franka", "agilex", "bytemini", "ldt01"])
def test_a_robot_of_any_number_of_shapes_is_slowed_before_it_is_stopped(robot):
    monitor = collision_monitor(load_embodiment(robot), load_control_config(robot))
    own = monitor._own
    assert own is not None
    age = len(own._groups) * CHECK_PERIOD_S  # [s] between two looks at a pair
    assert own._stopping_s + age < 0.6 * SLOW_S


def test_nonsense_is_refused():
    with pytest.raises(ConfigError, match="'table_height' must be -3 to 3"):
        SafetyConfig(table_height=9.0)
    with pytest.raises(ConfigError, match="self_distance_min"):
        SafetyConfig(self_distance_min=-0.1)

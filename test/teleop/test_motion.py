# SPDX-License-Identifier: Apache-2.0
"""A person's hand through the bridge's arithmetic and control's follower: smooth, and no jump at any clutch."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import DT, WIDTH
from arms.teleoperated_arm import FRANKA, TeleoperatedArm, figure_eight, tremor, upright
from pages.heard_at_once import take
from slow_tests import trials

from controllers.errors import ChunkError
from vla_ros.teleop.axes import Pose
from vla_ros.teleop.protocol import Hands, HandSample
from vla_ros.teleop.teleoperation import CHUNK_EVERY_S, ArmReading, Teleoperation

JERK = np.array(FRANKA.arms[0].jerk)  # [rad/s³]
ACCELERATION = np.array(FRANKA.arms[0].acceleration)  # [rad/s²]
CARTESIAN_JERK = 6500.0  # [m/s³] Franka Control Interface documentation, limits for Panda


def in_robot_axes(webxr: np.ndarray) -> np.ndarray:
    return np.stack([-webxr[..., 2], -webxr[..., 0], webxr[..., 1]], axis=-1)


def worst_shares(arm: TeleoperatedArm) -> tuple[float, float]:
    """Return the largest joint acceleration and jerk commanded, as shares of the limits."""
    q = np.array(arm.rig.commands)
    acceleration, jerk = np.diff(q, 2, axis=0) / DT**2, np.diff(q, 3, axis=0) / DT**3
    return float(np.abs(acceleration / ACCELERATION).max()), float(np.abs(jerk / JERK).max())


def test_a_figure_eight_by_a_trembling_hand_is_followed_smoothly():
    arm = TeleoperatedArm(lambda time: upright(figure_eight(time) + tremor(time)))
    arm.run(12.0)
    assert arm.refusals == []
    path = arm.path
    times = DT * np.arange(len(path))
    wanted = path[0] + in_robot_axes(np.array([figure_eight(time) for time in times]))
    late = round(0.14 / DT)
    miss = np.linalg.norm(path[late + 2000 :] - wanted[2000:-late], axis=1)
    assert np.sqrt((miss**2).mean()) < 4e-3
    acceleration, jerk = worst_shares(arm)
    assert acceleration < 1.0
    assert jerk < 0.1
    assert np.linalg.norm(np.diff(path, 3, axis=0), axis=1).max() / DT**3 < 0.05 * CARTESIAN_JERK


def test_many_clutches_at_any_place_and_moment_and_no_jump():
    """The hand goes on moving and trembling, far away, while it is not clutched."""
    rng = np.random.default_rng(7)
    period, clutchings = 0.6, trials(30, 100)

    def clutched(time: float) -> bool:
        return (time % period) > 0.2

    offsets = rng.uniform(-0.6, 0.6, size=(200, 3))

    def hand(time: float):
        # Where the hand is when it clutches has nothing to do with where it let go.
        place = offsets[int(time / period)] + figure_eight(time, 3.0, 0.12) + tremor(time)
        turn = 0.4 * np.sin(2.0 * np.pi * time / 2.3)
        return place, np.array([0.0, np.sin(turn / 2.0), 0.0, np.cos(turn / 2.0)]), clutched(time)

    arm = TeleoperatedArm(hand)
    engaged = []
    for _ in range(round((clutchings + 0.5) * period / 0.02)):
        arm.run(0.02)
        engaged.append(arm.teleoperation.clutched("panda"))
    clutches = int(np.count_nonzero(np.diff(np.array(engaged).astype(int)) == 1))
    assert clutches >= clutchings
    assert arm.refusals == []
    path = arm.path
    assert np.linalg.norm(path - path[0], axis=1).max() > 0.05  # it was moved about
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() / DT < 0.8  # [m/s] no step anywhere
    acceleration, jerk = worst_shares(arm)
    assert acceleration < 1.0
    assert jerk < 0.1


def test_engaging_alone_moves_nothing():
    arm = TeleoperatedArm(lambda time: (np.array([0.4, 1.3, -0.2]), np.array([0.5, 0.5, 0.5, 0.5]), time > 0.1))
    arm.run(1.0)
    assert arm.teleoperation.clutched("panda")
    assert np.linalg.norm(arm.path - arm.path[0], axis=1).max() < 1e-6


def test_scale_makes_the_tool_go_less_far_than_the_hand():
    arm = TeleoperatedArm(lambda time: upright(np.array([0.0, 0.0, -0.2 * min(time, 1.0)])))
    arm.teleoperation.rescale(0.5)
    arm.run(2.0)
    np.testing.assert_allclose(arm.path[-1] - arm.path[0], [0.1, 0.0, 0.0], atol=2e-3)


def test_a_hand_that_is_too_fast_is_followed_at_the_limit():
    def hand(time: float):
        return upright(np.array([0.0, 0.0, -np.clip(2.0 * (time - 0.2), 0.0, 0.2)]))  # 2 m/s

    arm = TeleoperatedArm(hand)
    arm.run(2.0)
    speed = np.linalg.norm(np.diff(arm.path, axis=0), axis=1) / DT
    assert speed.max() < 1.4 * arm.teleoperation.limits.linear_speed  # the join may catch up a little
    np.testing.assert_allclose(arm.path[-1] - arm.path[0], [0.2, 0.0, 0.0], atol=3e-3)


@pytest.mark.parametrize("factor", [0.6, 0.25, 0.1])
def test_in_a_slow_world_a_hand_is_followed_at_the_limit_of_that_worlds_time(factor):
    """A hand of 0.4 m/s is one of 4 m/s to an arm whose world runs at a tenth of real time."""

    def hand(time: float):
        return upright(np.array([0.0, 0.0, -np.clip(0.4 * (time - 0.1 / factor), 0.0, 0.2)]))

    arm = TeleoperatedArm(hand, factor=factor)
    arm.run(1.5)
    assert arm.refusals == []
    speed = np.linalg.norm(np.diff(arm.path, axis=0), axis=1) / DT
    assert speed.max() < 1.4 * arm.teleoperation.limits.linear_speed
    np.testing.assert_allclose(arm.path[-1] - arm.path[0], [0.2, 0.0, 0.0], atol=3e-3)


def test_packets_that_come_quickly_in_a_slow_world_do_not_displace_each_others_chunks():
    """Control begins with a chunk 5 ms after it came: a chunk every 3 ms would be put off for ever."""
    arm = TeleoperatedArm(lambda time: upright(np.array([0.0, 0.0, -0.01 * time])), factor=0.2)
    stamps: list[float] = []
    submit = arm.rig.follower.submit
    arm.rig.follower.submit = lambda chunk, *rest: (stamps.append(chunk.stamp), submit(chunk, *rest))
    arm.run(1.0)
    assert len(stamps) > 50
    assert np.diff(stamps).min() >= CHUNK_EVERY_S


def test_a_clock_that_is_set_back_neither_moves_the_arm_nor_silences_its_hand():
    teleoperation = Teleoperation(FRANKA, np.array([0.0, -0.5, 0.1]), np.array([0.8, 0.5, 1.0]))
    reading = {"panda": ArmReading(Pose(np.array([0.4, 0.0, 0.5]), (1.0, 0.0, 0.0, 0.0)), {WIDTH: 0.08})}

    def packet(time: float, stamp: float, x: float):
        sample = HandSample((0.0, 0.0, -x), (0.0, 0.0, 0.0, 1.0), True, 0.0)
        return take(teleoperation, Hands(1, 1e3 * time, "xr", {"right": sample}), time, stamp, reading, "")

    assert packet(1.0, 100.0, 0.0) is not None
    assert packet(1.02, 100.02, 0.05) is not None
    back = packet(1.04, 40.0, 0.05)
    assert back is not None
    assert back.values[0, 0] < 0.4 + 0.05 + 1e-9
    ahead = packet(1.06, 900.0, 0.10)
    assert ahead is not None
    # What two packets that are 0.02 s apart may differ by, and a tick of a clock that is coarse.
    assert ahead.values[0, 0] - back.values[0, 0] < 0.5 * 0.06 + 1e-9


def test_a_tracker_that_jumps_moves_nothing_and_is_followed_again_once_calm():
    def hand(time: float):
        return upright(np.array([0.3 if time > 0.5 else 0.0, 0.0, -0.1 * max(0.0, time - 1.5)]))

    arm = TeleoperatedArm(hand)
    arm.run(0.6)
    assert "jumped by 30 cm" in arm.teleoperation.refused("panda")
    arm.run(0.8)
    assert np.linalg.norm(arm.path - arm.path[0], axis=1).max() < 1e-6
    assert arm.teleoperation.refused("panda") == ""
    arm.run(1.6)
    np.testing.assert_allclose(arm.path[-1] - arm.path[0], [0.15, 0.0, 0.0], atol=2e-2)


def test_silence_holds_where_the_arm_was_sent_and_going_on_does_not_jump():
    silent = (1.0, 2.0)

    class Quiet(TeleoperatedArm):
        def _packet(self) -> None:
            if not silent[0] <= self.rig.now < silent[1]:
                super()._packet()

    arm = Quiet(lambda time: upright(np.array([0.0, 0.0, -0.1 * time])))
    arm.run(1.0)
    arm.run(0.6)
    assert arm.rig.hold == "chunk exhausted"
    at_rest = arm.path[-1].copy()
    arm.run(0.3)
    np.testing.assert_allclose(arm.path[-1], at_rest, atol=1e-6)
    arm.run(0.6)
    _, jerk = worst_shares(arm)
    assert jerk < 0.1
    # The hand's way meanwhile is not made up for.
    np.testing.assert_allclose(arm.path[-1] - at_rest, [0.05, 0.0, 0.0], atol=2e-2)


def test_packets_that_a_stalled_network_delivers_late_are_not_followed():
    arm = TeleoperatedArm(lambda time: upright(np.array([0.0, 0.0, -0.1 * time])))
    arm.run(0.5)
    there = arm.path[-1][0]
    arm._late = 0.4
    arm.run(0.6)
    assert "too late" in arm.teleoperation.refused("panda")
    assert arm.path[-1][0] - there < 0.04
    assert arm.rig.hold == "chunk exhausted"


def test_the_tool_slides_along_the_edge_of_the_workspace():
    teleoperation = Teleoperation(FRANKA, np.array([0.0, -0.2, 0.1]), np.array([0.8, 0.2, 1.0]))
    arm = TeleoperatedArm(lambda time: upright(np.array([-0.3 * time, 0.0, -0.05 * time])), teleoperation)
    arm.run(3.0)
    assert arm.refusals == []
    assert "edge" in arm.teleoperation.refused("panda")
    assert arm.path[-1][1] == pytest.approx(0.2, abs=5e-3)
    assert arm.path[-1][0] - arm.path[0][0] > 0.08


def test_taking_the_arm_from_a_policy_brakes_it_without_going_back():
    arm = TeleoperatedArm(lambda time: upright(np.zeros(3), clutch=False))
    arm.rig.submit(0.03 * np.arange(1, 16)[:, None] * np.array([1.0, 0.0, 0.0]))  # 0.3 m/s
    arm.run(0.6)
    assert np.linalg.norm(arm.path[-1] - arm.path[-2]) / DT > 0.2
    reading = {"panda": ArmReading(arm.commanded, arm.rig.follower.progress.end_effectors)}
    arm.rig.follower.submit(arm.teleoperation.hold(arm.rig.now, reading), arm.rig.now, "teleop")
    arm.run(1.0)
    forward = np.diff(arm.path[:, 0])
    assert forward.min() > -1e-5
    assert arm.path[-1][0] - arm.path[300][0] < 0.08
    assert arm.rig.hold
    assert arm.rig.follower.progress.source == "teleop"
    with pytest.raises(ChunkError, match="'policy' is refused"):
        arm.rig.submit(np.zeros((4, 3)))
    acceleration, _ = worst_shares(arm)
    assert acceleration < 1.01  # the drive's own limit

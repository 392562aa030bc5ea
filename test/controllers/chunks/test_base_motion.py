# SPDX-License-Identifier: Apache-2.0
"""What a chunk means stays where it is in the world while the base drives; what it does not speak of rides along."""

import dataclasses
from collections import deque

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from robot_rigs.two_armed_robot import DT, PairRig, chunk_of
from scipy.spatial.transform import Rotation

from controllers.chunks.base_motion import LENGTH, BaseMotion, PlanarPose, carried
from controllers.errors import ChunkError

STALE = "fault: stale odometry (nothing on 'odom')"
HERE = np.zeros((8, 3))
numbers = st.floats(-3.0, 3.0)
places = st.builds(PlanarPose, numbers, numbers, numbers)


def matrix(place: PlanarPose) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = Rotation.from_euler("z", place.yaw).as_matrix()
    T[:2, 3] = place.x, place.y
    return T


class DrivenRig(PairRig):
    """Both arms on a base that does at once what it is commanded, whose odometry comes every 20 ms."""

    def __init__(self, odometry: bool = True) -> None:
        super().__init__(stands=False)
        self.base, self._odometry = PlanarPose(), odometry
        self.world: list[np.ndarray] = []  # (arms, 3) [m] commanded, in the world

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / DT)):
            velocity = self.follower.command.base_velocity
            self.base = self.base.led_on(velocity.tolist(), DT)
            if self._odometry and round(self.now / DT) % 10 == 0:
                self.follower.observe_base(self.now, matrix(self.base), velocity.copy())
            super().run(DT)
            T = matrix(self.base)
            self.world.append(self.tools[-1] @ T[:3, :3].T + T[:3, 3])

    def drive(
        self, speed: tuple[float, float, float], arms: tuple[str, ...], steps: int = 8, riding: bool = False
    ) -> None:
        """Send a chunk that drives the base and gives poses of `arms`, where they are at its stamp."""
        names = ("base/velocity.x", "base/velocity.y", "base/velocity.yaw")
        poses = {arm: self.follower.progress.arms[arm].T_base_ee_commanded.copy() for arm in arms}
        self.start = poses
        columns = self.columns(dict.fromkeys(arms, HERE[:steps]))
        columns |= {name: np.full(steps, value) for name, value in zip(names, speed, strict=True)}
        self.sequence += 1
        chunk = dataclasses.replace(chunk_of(columns, self.now, 0.1, self.sequence), riding=riding)
        self.follower.submit(chunk, self.now)


@given(places, places, st.lists(numbers, min_size=3, max_size=3))
def test_planar_poses_are_rigid_motions(a, b, point):
    np.testing.assert_allclose(matrix(a @ b), matrix(a) @ matrix(b), atol=1e-9)
    np.testing.assert_allclose(matrix(a.inverse()), np.linalg.inv(matrix(a)), atol=1e-9)
    quaternion = Rotation.from_euler("xyz", [0.3, -0.2, 0.9]).as_quat()
    pose = np.array([*point, *quaternion])
    placed = a.placed(pose[None])[0]
    np.testing.assert_allclose(placed[:3], (matrix(a) @ [*point, 1.0])[:3], atol=1e-9)
    turned = Rotation.from_matrix(matrix(a)[:3, :3]) * Rotation.from_quat(quaternion)
    assert (turned.inv() * Rotation.from_quat(placed[3:])).magnitude() < 1e-6
    a.place(pose)
    np.testing.assert_allclose(pose, placed, atol=1e-12)


@given(places, st.tuples(numbers, numbers, numbers), st.floats(0.0, 0.5))
def test_a_base_is_led_on_along_its_arc(place, twist, seconds):
    there, steps = place, 2000
    for _ in range(steps):
        there = there.led_on(twist, seconds / steps)
    end = place.led_on(twist, seconds)
    np.testing.assert_allclose(matrix(end), matrix(there), atol=1e-9)
    ahead = end.led_on(twist, 1e-6)
    velocity = matrix(end)[:2, :2] @ twist[:2]
    np.testing.assert_allclose([ahead.x - end.x, ahead.y - end.y], 1e-6 * velocity, atol=1e-10)


def test_odometry_is_kept_between_its_samples_and_for_as_long_as_a_chunk_may_be_late():
    base = BaseMotion()
    twist = (0.3, 0.0, 0.4)
    for k in range(LENGTH + 200):  # the ring has begun anew
        base.add(0.002 * k, matrix(PlanarPose().led_on(twist, 0.002 * k)), np.array(twist))
    newest = 0.002 * (LENGTH + 199)
    for time in (newest - 2.0, newest - 0.7331, newest - 0.001, newest, newest + 0.1):
        expected = PlanarPose().led_on(twist, time)
        np.testing.assert_allclose(matrix(base.at(time)), matrix(expected), atol=1e-6)
    assert not base.stale(newest + 0.2)
    assert base.stale(newest + 0.3)
    assert base.stale(newest - 0.3)  # of a clock that is ahead: it would stay new for long after it has ended
    assert "stamped 0.30 s ahead" in base.lacking(newest - 0.3)
    assert base.at(newest + 10.0) == base.at(newest + 20.0)  # nobody knows; it is not led on for ever


def test_what_comes_late_is_left_out_and_a_clock_that_is_set_back_begins_anew():
    base = BaseMotion()
    for time, x in ((10.0, 1.0), (10.02, 1.01), (10.01, 7.0)):
        assert not base.add(time, matrix(PlanarPose(x)), np.zeros(3))
    assert base.at(10.02).x == pytest.approx(1.01)
    assert not base.add(0.0, matrix(PlanarPose(5.0)), np.zeros(3))
    assert base.at(0.0).x == base.at(0.1).x == pytest.approx(5.0)


def test_turns_add_up_beyond_half_a_turn():
    base = BaseMotion()
    for k in range(200):
        assert not base.add(0.02 * k, matrix(PlanarPose(yaw=0.02 * k)), np.array([0.0, 0.0, 1.0]))
    assert base.at(0.02 * 199).yaw == pytest.approx(0.02 * 199)
    assert base.at(0.02 * 157.5).yaw == pytest.approx(0.02 * 157.5)  # between two on both sides of π


def test_a_state_is_carried_with_the_velocity_of_its_frame():
    twist, step = (0.2, -0.1, 0.7), 1e-3
    state = np.array([[0.5, 0.1, 0.3, 0.0, 0.6, 0.0, 0.8], [0.1, 0.0, -0.2, 0.0, 0.08, 0.0, -0.06], [0.0] * 7])
    shifts = [PlanarPose(1.0, 2.0, 0.5).led_on(twist, away) for away in (-step, 0.0, step)]
    value, velocity, acceleration = carried(state, shifts, step)
    T, omega = matrix(shifts[1]), np.array([0.0, 0.0, twist[2]])
    R = T[:3, :3]
    arm, own = R @ state[0, :3], R @ state[1, :3]
    moving = R @ [*twist[:2], 0.0]
    np.testing.assert_allclose(value[:3], arm + T[:3, 3], atol=1e-12)
    np.testing.assert_allclose(velocity[:3], own + moving + np.cross(omega, arm), atol=1e-6)
    # Coriolis, centripetal, and the frame's own turning velocity
    expected = 2.0 * np.cross(omega, own) + np.cross(omega, np.cross(omega, arm)) + np.cross(omega, moving)
    np.testing.assert_allclose(acceleration[:3], expected, atol=1e-5)


@pytest.mark.parametrize("speed", [(0.3, 0.0, 0.0), (0.0, 0.2, 0.0), (0.1, 0.0, 0.4)])
def test_a_tool_stays_where_the_chunk_said_while_the_base_drives(speed):
    rig = DrivenRig()
    rig.run(0.1)
    start = rig.world[-1].copy()
    rig.drive(speed, ("left", "right"))
    rig.run(1.6)
    assert np.hypot(rig.base.x, rig.base.y) > 0.06
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    away = np.linalg.norm(np.array(rig.world) - start, axis=2)
    assert away[-1].max() < 1e-3
    assert away.max() < 0.012  # while the base gathers speed: the filter is led by its present one


def test_an_arm_that_a_chunk_does_not_speak_of_rides_along():
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.2, 0.0, 0.0), ("left",))
    rig.run(1.5)
    home = rig.tools[0]
    assert rig.tools[-1][1] == pytest.approx(home[1], abs=1e-6)
    assert rig.tools[-1][0, 0] - home[0, 0] < -0.1


NOTHING = r"no odometry: nothing has come on 'odom': is its driver running\?"


@pytest.mark.parametrize(
    ("speed", "arms", "riding"),
    [((0.0, 0.0, 0.0), ("left",), False), ((0.2, 0.0, 0.0), ("left",), True), ((0.0, 0.0, 0.3), (), False)],
    ids=["a pose", "the base, hands riding", "the base alone"],
)
def test_without_odometry_no_pose_is_carried_and_no_base_driven(speed, arms, riding):
    rig = DrivenRig(odometry=False)
    rig.run(0.1)
    home = rig.tools[-1]
    with pytest.raises(ChunkError, match=NOTHING):
        rig.drive(speed, arms, riding=riding)
    rig.run(0.5)
    np.testing.assert_allclose(rig.tools[-1], home, atol=1e-6)
    assert not rig.follower.command.base_velocity.any()
    rig._odometry = True  # it comes: the next chunk is taken
    rig.run(0.1)
    rig.drive(speed, arms, riding=riding)
    rig._odometry = False
    rig.run(0.3)
    with pytest.raises(ChunkError, match=r"held \(fault: stale|the last on 'odom' is 0\.3\d s old, allowed 0\.25 s"):
        rig.drive(speed, arms, riding=riding)


def test_without_odometry_joints_move_and_poses_that_ride():
    rig = DrivenRig(odometry=False)
    rig.run(0.1)
    home = rig.tools[-1]
    up = 0.01 * np.arange(1, 6)[:, None] * np.array([0.0, 0.0, 1.0])
    still = dict.fromkeys(("base/velocity.x", "base/velocity.y", "base/velocity.yaw"), np.zeros(5))
    columns = rig.columns({"left": up}) | still
    rig.follower.submit(dataclasses.replace(chunk_of(columns, rig.now, 0.1, 1), riding=True), rig.now)
    rig.run(1.2)
    assert rig.tools[-1][0] - home[0] == pytest.approx([0.0, 0.0, 0.05], abs=1e-4)
    rig.follower.submit(chunk_of({"lift_joint/position": np.full(3, 0.12)}, rig.now, 0.3, 2), rig.now)
    rig.run(1.5)
    assert rig.follower.command.joint_groups["lift"] == pytest.approx([0.12], abs=1e-3)


def test_a_base_that_sets_off_without_odometry_is_stopped():
    """Odometry that ended at rest says for ever that the base stands: what it is told counts as well."""
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.2, 0.0, 0.0), ("left",))
    rig._odometry = False
    rig.run(0.6)
    assert rig.follower.latched == STALE
    assert not rig.follower.command.base_velocity.any()


def test_chunk_after_chunk_the_tool_goes_straight_in_the_world():
    """Driving and reaching at once: the tool's speed in the world is the chunks', not the base's on top of it."""
    rig = DrivenRig()
    rig.run(0.1)
    start = rig.world[-1][0].copy()
    begin = rig.now
    for _ in range(12):
        at = matrix(rig.base)
        ahead = rig.now - begin + 0.1 * np.arange(1, 6)
        wanted = start + 0.05 * ahead[:, None] * np.array([0.0, 0.0, 1.0])  # up, in the world
        inside = (wanted - at[:3, 3]) @ at[:3, :3]
        rig.start = {"left": np.eye(4)}
        rig.start["left"][:3, :3] = at[:3, :3].T @ rig.follower.arms["left"].model.rotation
        columns = rig.columns({"left": inside}) | {"base/velocity.x": np.full(5, -0.15)}
        rig.submit(columns)
        rig.run(0.1)
    path = np.array(rig.world)[-400:, 0]
    np.testing.assert_allclose(path[:, :2], np.tile(start[:2], (400, 1)), atol=4e-3)
    jerk = np.diff(np.array(rig.world)[:, 0], 3, axis=0) / DT**3
    assert np.abs(jerk[50:, 2]).max() < 60.0  # [m/s³]: no leap at a transition
    assert rig.base.x < -0.1


def test_at_rest_whoever_pushes_the_base_pushes_the_arms_with_it():
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.1, 0.0, 0.0), ("left", "right"), 3)
    rig.run(1.5)
    assert rig.follower.progress.hold_reason == "chunk exhausted"
    before = rig.tools[-1].copy()
    for _ in range(20):  # 4 cm, slowly
        rig.base = PlanarPose(rig.base.x + 0.002, rig.base.y, rig.base.yaw)
        rig.run(0.02)
    np.testing.assert_allclose(rig.tools[-1], before, atol=1e-6)


def test_odometry_that_leaps_stops_the_arms():
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.1, 0.0, 0.0), ("left",))
    rig.run(0.3)
    rig.base = PlanarPose(rig.base.x + 0.5, rig.base.y, rig.base.yaw)
    rig.run(0.5)
    assert rig.follower.latched.startswith("fault: odometry leaps by 0.50 m")


def test_odometry_that_is_not_finite_or_ends_stops_the_arms():
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.1, 0.0, 0.0), ("left",))
    rig.run(0.3)
    rig._odometry = False
    rig.run(0.2)
    assert not rig.follower.latched
    rig.run(0.1)
    assert rig.follower.latched == STALE

    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.1, 0.0, 0.0), ("left",))
    rig.run(0.1)
    rig.follower.observe_base(rig.now, np.full((4, 4), np.nan), np.zeros(3))
    rig.run(DT)
    assert rig.follower.latched == "fault: odometry is not finite"


def test_where_the_base_was_can_be_asked_while_another_thread_sets_the_clock_back():
    base, asked = BaseMotion(), []
    base.add(10.0, matrix(PlanarPose(0.3)), np.zeros(3))

    class Interrupted(np.ndarray):
        """The loop asks just as the samples are forgotten."""

        def __setitem__(self, index, value):
            super().__setitem__(index, value)
            asked.append(base.at(2.0).x)

    base._samples = base._samples.view(Interrupted)
    base.add(2.0, matrix(PlanarPose(0.1)), np.zeros(3))
    assert asked == [0.3, 0.1]
    assert base.at(2.0).x == 0.1


def test_odometry_that_leaps_while_a_motion_is_taken_up_stops_the_arms_and_not_the_loop():
    rig = DrivenRig()
    rig.run(0.1)
    rig.drive((0.1, 0.0, 0.0), ("left",))
    rig.run(0.3)
    follower, leapt = rig.follower, matrix(PlanarPose(rig.base.x + 0.5))

    class Interrupted(deque):
        """Another thread runs just as the loop looks at what is pending."""

        def __getitem__(self, index):
            follower.observe_base(rig.now, leapt, np.zeros(3))
            return super().__getitem__(index)

    follower._pending = Interrupted(maxlen=1)
    rig.drive((0.1, 0.0, 0.0), ("left",))
    rig._odometry = False
    rig.run(2 * DT)
    assert follower.latched.startswith("fault: odometry leaps by 0.50 m")


def test_riding_poses_go_with_the_base_and_the_next_ones_need_not():
    rig = DrivenRig()
    rig.run(0.1)
    home = rig.tools[-1].copy()
    columns = rig.columns(dict.fromkeys(("left", "right"), HERE)) | {"base/velocity.x": np.full(8, 0.2)}
    rig.follower.submit(dataclasses.replace(chunk_of(columns, rig.now, 0.1, 1), riding=True), rig.now)
    rig.run(0.5)
    np.testing.assert_allclose(np.array(rig.tools), np.tile(home, (len(rig.tools), 1, 1)), atol=1e-6)
    rig.sequence = 1
    before = rig.world[-1].copy()
    rig.drive((0.2, 0.0, 0.0), ("left", "right"))
    rig.run(1.5)
    world = np.array(rig.world)[-750:]
    swing = 0.2 * 0.2  # [m] what a tool that goes with the base, at 0.2 m/s, takes to stand
    assert np.linalg.norm(world - before, axis=2).max() < swing
    jerk = np.diff(np.array(rig.tools)[:, 0, 0], 3) / DT**3
    assert np.abs(jerk).max() < 600.0  # [m/s³] as of any tool that is to stand, within a filter's delay
    assert np.abs(np.diff(world[-50:], axis=0)).max() < 1e-5  # [m] a tick: at rest

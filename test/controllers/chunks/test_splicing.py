# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, Rig

from controllers.chunks.chunk import ActionChunk
from controllers.chunks.motion import Start
from controllers.chunks.splicing import Auxiliaries, splice
from controllers.chunks.spline import Spline
from controllers.chunks.stitching import MotionBounds, stitch
from controllers.chunks.track import CARTESIAN, JOINT, Track, side_by_side
from controllers.control_config import StitchConfig
from controllers.errors import ChunkError, ConfigError

LINE = 0.02 * np.arange(1, 9)[:, None] * [1.0, 0.0, 0.0]
BOUNDS = MotionBounds(np.array([0.8] * 3 + [1.0] * 4), np.array([6.0] * 3 + [7.5] * 4))
TRACK = Track("panda", ARM.joints, ARM.lower, ARM.upper)
POSES, JOINTS = side_by_side([TRACK], [CARTESIAN]), side_by_side([TRACK], [JOINT])
JOINT_BOUNDS = MotionBounds(np.full(7, 1.5), np.full(7, 6.0))
RATES = tuple(f"{joint}/velocity" for joint in ARM.joints)
DELAY = 0.095


@pytest.fixture(scope="module")
def rig():
    return Rig()


@pytest.fixture(scope="module")
def robot(rig):
    return Auxiliaries(("panda_hand/width",))


def moving(rig, shift=(0.0, 0.0, 0.0)) -> Start:
    """Return the start in the middle of an older motion along x at 0.2 m/s, `shift` [m] off the line."""
    state = np.zeros((3, 7))
    state[0, :3], state[0, 3:], state[1, 0] = rig.position + shift, rig.quaternion, 0.2
    times = 0.1 * np.arange(1, 9)
    points = state[0] + np.hstack([LINE, np.zeros((8, 4))])
    older = stitch(state, times, points, 0.9, spacing=0.1, blend=0.0, smoothing=1e-6)
    return Start(POSES, older.derivatives(0.2), 0.2, DELAY, np.concatenate([rig.position, rig.quaternion]), 0.2,
                 (older, 0.2))  # fmt: skip


# --- methods ---


@pytest.mark.parametrize("method", ["min_jerk", "blend"])
def test_stitched_and_blended_transitions_are_continuous_to_second_order(rig, robot, method):
    start = moving(rig, shift=(0.0, 0.004, 0.0))
    motion, transition = splice(rig.chunk(LINE, stamp=0.0), robot, "policy", start, StitchConfig(method=method), BOUNDS)
    assert transition.method == method
    assert np.allclose(motion.spline.derivatives(0.0), start.state, atol=1e-9)
    assert np.allclose(motion.spline.derivatives(motion.spline.duration)[0, :3], rig.position + LINE[-1])


def test_a_blend_follows_the_old_motion_first_and_the_new_one_later(rig, robot):
    start = moving(rig, shift=(0.0, 0.004, 0.0))
    config = StitchConfig(method="blend", blend_s=0.3)
    motion, _ = splice(rig.chunk(LINE, stamp=0.0), robot, "policy", start, config, BOUNDS)
    old, begin = start.current
    for t in (0.02, 0.05):
        assert motion.spline.derivatives(t)[0, 1] == pytest.approx(old.derivatives(begin + t)[0, 1], abs=3e-4)
    assert motion.spline.derivatives(0.32)[0, 1] == pytest.approx(rig.position[1], abs=3e-4)


def test_replacing_starts_on_the_chunk_itself(rig, robot):
    start = moving(rig, shift=(0.0, 0.004, 0.0))
    config = StitchConfig(method="replace")
    motion, transition = splice(rig.chunk(LINE, stamp=0.0), robot, "policy", start, config, BOUNDS)
    assert transition.method == "replace"
    assert motion.spline.derivatives(0.0)[0, 1] == pytest.approx(rig.position[1], abs=1e-6)
    assert transition.position_gap == pytest.approx(0.004, abs=1e-3)


@pytest.mark.parametrize("method", ["replace", "blend"])
def test_what_would_be_too_fast_is_stitched_instead(rig, robot, method):
    start = moving(rig, shift=(0.0, 0.2, 0.0))
    config = StitchConfig(method=method, blend_s=0.05)
    motion, transition = splice(rig.chunk(LINE, stamp=0.0), robot, "policy", start, config, BOUNDS)
    assert transition.method == "min_jerk"
    assert "stitched" in transition.note
    assert BOUNDS.excess(motion.spline) < 1.1


def test_an_unknown_method_is_refused():
    with pytest.raises(ConfigError, match="min_jerk, blend or replace, got 'jump'"):
        StitchConfig(method="jump")


def test_whatever_the_method_commands_stay_within_limits_and_continuous():
    from arms.franka_arm import franka_config, positions

    random = np.random.default_rng(7)
    shifts = random.normal(scale=8e-3, size=(12, 3))
    for method in ("min_jerk", "blend", "replace"):
        config = franka_config()
        config = dataclasses.replace(config, stitch=dataclasses.replace(config.stitch, method=method))
        rig = Rig(config)
        samples = []
        for k, shift in enumerate(shifts):
            rig.submit(0.02 * (k + 1 + np.arange(4))[:, None] * [0.5, 0.5, 0.0] + shift)
            samples += rig.run(0.1)
        p = positions(samples)
        assert np.abs(np.diff(p, axis=0)).max() / rig.dt < config.stitch.speed_max
        assert np.abs(np.diff(p, 2, axis=0)).max() / rig.dt**2 < 1.5 * config.stitch.acceleration_max
        assert np.abs(np.diff(p, 3, axis=0)).max() / rig.dt**3 < 500.0


# --- memory ---


def test_scatter_is_averaged_and_the_end_is_the_newest_chunks(rig, robot):
    start = dataclasses.replace(moving(rig), memory=0.3)
    aside = LINE + np.array([0.0, 0.008, 0.0])
    chunk = rig.chunk(aside, stamp=0.0)
    for memory, low, high in ((0.0, 0.0075, 0.0081), (0.3, 0.0055, 0.0072)):
        begin = dataclasses.replace(start, memory=memory)
        motion, _ = splice(chunk, robot, "policy", begin, StitchConfig(blend_s=0.05), BOUNDS)
        middle = motion.spline.derivatives(0.25)[0, 1] - rig.position[1]
        assert low < middle < high
        end = motion.spline.derivatives(motion.spline.duration)[0, :3]
        assert np.allclose(end, rig.position + aside[-1], atol=1e-9)


def test_a_policy_that_changed_its_mind_is_followed_as_it_says(rig, robot):
    start = dataclasses.replace(moving(rig), memory=0.3)
    away = LINE * 0.3 + np.arange(1, 9)[:, None] * np.array([0.0, 0.015, 0.0])
    y = {}
    for memory in (0.0, 0.3):
        begin = dataclasses.replace(start, memory=memory)
        motion, _ = splice(rig.chunk(away, stamp=0.0), robot, "policy", begin, StitchConfig(), BOUNDS)
        y[memory] = motion.spline.derivatives(0.5)[0, 1] - rig.position[1]
    assert abs(y[0.3] - y[0.0]) < 0.05 * y[0.0]


# --- progress ---


def test_an_arm_that_waited_enters_where_it_waited(rig, robot):
    still = np.zeros((3, 7))
    still[0, :3], still[0, 3:] = rig.position, rig.quaternion
    twice = np.concatenate([np.zeros((4, 3)), LINE[:4]])  # a dwell: every point of it is equally near
    chunk = rig.chunk(twice, stamp=0.0)
    entries = {}
    for consumed in (0.0, 0.2):
        start = Start(POSES, still, 0.2, DELAY, still[0], consumed)
        _, transition = splice(chunk, robot, "policy", start, StitchConfig(), BOUNDS)
        assert (transition.delay, transition.consumed) == (0.2, consumed)
        entries[consumed] = transition.entry
    assert entries[0.2] - entries[0.0] == pytest.approx(0.2, abs=0.01)


def test_the_report_says_what_the_old_motion_still_had_to_go(rig, robot):
    _, transition = splice(rig.chunk(LINE, stamp=0.0), robot, "policy", moving(rig), StitchConfig(), BOUNDS)
    assert transition.overlap == pytest.approx(0.7, abs=1e-6)


# --- velocities ---


def rates_chunk(rates, step=0.1, extra=(), columns=None, **keys):
    rates = np.atleast_2d(rates)
    values = rates if columns is None else np.hstack([rates, columns])
    return ActionChunk(0.0, FRAME, (*RATES, *extra), step * np.arange(1, len(rates) + 1), values, 1, **keys)


def at_rest() -> Start:
    state = np.zeros((3, 7))
    state[0] = ARM.home
    flat = Spline(np.repeat(state[:1], 8, axis=0), 1.0)
    return Start(JOINTS, state, 0.0, DELAY, None, 0.0, (flat, 0.0))


def test_a_velocity_holds_until_the_next_and_expires(robot):
    rates = np.zeros((5, 7))
    rates[:, 0] = [0.2, 0.2, 0.2, 0.4, 0.4]
    start = at_rest()
    motion, transition = splice(rates_chunk(rates), robot, "policy", start, StitchConfig(), JOINT_BOUNDS)
    end = motion.spline.derivatives(motion.spline.duration + 1.0)
    # From the transition to the first point and for three steps at 0.2, then for two at 0.4; before it is past.
    expected = 0.2 * (0.4 - DELAY) + 0.4 * 0.2
    assert end[0, 0] - ARM.home[0] == pytest.approx(expected, abs=1e-9)
    assert not end[1:].any()
    assert transition.position_gap < 1e-12
    assert np.allclose(motion.spline.derivatives(0.0), start.state, atol=1e-9)


def test_velocities_stop_at_the_joints_limits(robot):
    rates = np.tile(np.eye(7)[3], (40, 1))  # joint 4, whose upper limit is −0.07
    motion, _ = splice(rates_chunk(rates), robot, "policy", at_rest(), StitchConfig(), JOINT_BOUNDS)
    assert motion.spline.derivatives(motion.spline.duration)[0, 3] == pytest.approx(ARM.upper[3])


def test_the_gripper_goes_with_its_velocity(robot):
    widths = np.array([[0.08], [0.04], [0.0]])
    chunk = rates_chunk(np.zeros((3, 7)), extra=("panda_hand/width",), columns=widths)
    motion, _ = splice(chunk, robot, "policy", at_rest(), StitchConfig(), JOINT_BOUNDS)
    assert motion.auxiliary.tools["panda_hand/width"] == [0.08, 0.04, 0.0, 0.0]
    assert motion.chunk_list == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_a_stream_of_velocities_drives_the_arm_at_that_speed():
    rig = Rig(command_delay=0.004)
    rates = np.zeros((4, 7))
    rates[:, 6] = 0.3
    q = []
    for k in range(12):
        chunk = ActionChunk(rig.now, FRAME, RATES, 0.1 * np.arange(4), rates, k)
        rig.follower.submit(chunk, rig.now)
        rig.run(0.1)
        q.append(rig.arm.q[6])
    assert np.diff(q)[4:] == pytest.approx(np.full(7, 0.03), rel=0.05)
    rig.run(1.5)  # nobody speaks any more: it expires
    assert abs(rig.arm.dq[6]) < 0.01
    assert rig.arm.q[6] - q[-1] < 0.3 * 0.4
    assert rig.follower.progress.hold_reason == "chunk exhausted"


def test_velocities_above_the_limit_are_refused():
    rig = Rig()
    rates = np.zeros((2, 7))
    rates[1, 2] = 9.0
    with pytest.raises(ChunkError, match=r"point 1 asks 'panda_joint3' for 9\.00 a second, allowed"):
        rig.follower.submit(ActionChunk(rig.now, FRAME, RATES, [0.1, 0.2], rates, 1), rig.now)

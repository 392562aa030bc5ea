# SPDX-License-Identifier: Apache-2.0
import dataclasses
import itertools

import numpy as np
import pytest
from franka_arm import ARM, FRAME, HOME, Rig, franka_config, franka_model, positions
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controllers.chunk import ActionChunk, TaskStatus
from controllers.errors import ChunkError, VlaError
from controllers.follower import ChunkFollower

FORWARD = 0.02 * np.arange(1, 5)[:, None] * np.array([1.0, 0.0, 0.5])
STILL = np.zeros((4, 3))
JOINT_CHANNELS = tuple(f"{joint}/position" for joint in ARM.joints)


def joint_chunk(rig, targets, step=0.5, **keys):
    targets = np.atleast_2d(targets)
    rig.sequence += 1
    times = step * np.arange(1, len(targets) + 1)
    return ActionChunk(rig.now, FRAME, JOINT_CHANNELS, times, targets, sequence=rig.sequence, **keys)


def tool_error(rig, shift):
    return np.linalg.norm(rig.tool[:3, 3] - rig.position - shift)


# --- following ---


def test_goes_to_the_end_of_the_chunk_and_holds():
    rig = Rig(command_delay=0.004, jitter=0.002)
    seam = rig.submit(FORWARD, width=0.04)
    samples = rig.run(1.2)
    assert seam.dropped_points == 0
    assert tool_error(rig, FORWARD[-1]) < 2e-3
    assert samples[-1].hold == "chunk exhausted"
    assert samples[-1].width == 0.04
    rig.run(0.5)
    assert tool_error(rig, FORWARD[-1]) < 1e-3


def test_settles_soon_after_the_last_point():
    rig = Rig(command_delay=0.004, jitter=0.002)
    rig.submit(FORWARD)
    rig.run(0.4 + 0.3)
    assert tool_error(rig, FORWARD[-1]) < 3e-3


def stream(rig, path, duration, period=0.1, late=0.0):
    """Follow `path`(time) → shift by chunks of 4, one each period; return samples and the ideal positions."""
    begin, samples = rig.now, []
    while rig.now < begin + duration - 1e-9:
        stamp = rig.now
        if late:
            samples += rig.run(late)
        shifts = [path(stamp - begin + 0.1 * k) for k in range(1, 5)]
        rig.submit(shifts, stamp=stamp)
        samples += rig.run(period - late)
    times = np.array([sample.time for sample in samples]) - begin
    return samples, rig.position + np.array([path(t) for t in times])


def circle(t):
    return np.array([0.1 * (1 - np.cos(1.5 * t)), 0.1 * np.sin(1.5 * t), 0.0]) * min(1.0, t)


def test_chunk_stream_is_followed_without_lag():
    rig = Rig(command_delay=0.004)
    samples, ideal = stream(rig, circle, 3.0)
    error = np.linalg.norm(positions(samples) - ideal, axis=1)[500:]
    assert np.sqrt((error**2).mean()) < 6e-3


def test_late_chunks_shift_the_path_in_time_but_not_in_space():
    rig = Rig(command_delay=0.004)
    samples, ideal = stream(rig, circle, 3.0, late=0.06)
    driven = positions(samples)[500:]
    off_path = np.linalg.norm(driven[:, None] - ideal[None], axis=2)
    assert off_path.min(axis=1).max() < 3e-3
    behind = np.arange(500, len(ideal)) - off_path.argmin(axis=1)
    assert behind[-250:].max() * rig.dt < 0.12  # about the first chunk's lateness: it does not add up


def test_commanded_motion_is_continuous_to_second_order_over_seams():
    rig = Rig()
    random = np.random.default_rng(4)
    commanded = []
    for k in range(15):  # successive chunks that disagree by 5 mm
        base = 0.02 * (k + 1 + np.arange(4))[:, None] * [0.5, 0.5, 0.0]
        rig.submit(base + random.normal(scale=5e-3, size=3))
        commanded += rig.run(0.1)
    p = positions(commanded)
    velocity = np.diff(p, axis=0) / rig.dt
    acceleration = np.diff(velocity, axis=0) / rig.dt
    jerk = np.diff(acceleration, axis=0) / rig.dt
    assert np.abs(velocity).max() < 0.5
    assert np.abs(acceleration).max() < 3.0
    # A step in acceleration would show as acceleration / dt, 1000 m/s³ and more.
    assert np.abs(jerk).max() < 120.0


def test_rotation_is_followed():
    from controllers.rotations import angle_between, compose_exp, from_matrix

    rig = Rig(command_delay=0.004)
    quaternions = np.array([compose_exp(tuple(rig.quaternion), (0.0, 0.0, 0.05 * k)) for k in range(1, 9)])
    rig.submit(np.zeros((8, 3)), quaternions=quaternions)
    rig.run(1.6)
    assert angle_between(from_matrix(rig.tool[:3, :3]), tuple(quaternions[-1])) < np.radians(0.5)
    assert tool_error(rig, np.zeros(3)) < 2e-3


def test_speed_scale_slows_the_same_path():
    config = dataclasses.replace(franka_config(), speed_scale=0.5)
    rig = Rig(config)
    rig.submit(FORWARD)
    samples = rig.run(0.5)
    assert samples[-1].hold == ""
    rig.run(1.2)
    assert tool_error(rig, FORWARD[-1]) < 2e-3


def test_gripper_closes_when_the_arm_gets_there():
    rig = Rig()
    rig.submit(FORWARD, width=[0.08, 0.08, 0.08, 0.0])
    for sample in rig.run(1.0):
        if sample.width == 0.0:
            assert np.linalg.norm(sample.commanded[:3, 3] - rig.position - FORWARD[-1]) < 3e-3
            return
    raise AssertionError("the gripper never closed")


def test_gripper_alone_moves_nothing_else():
    rig = Rig()
    rig.sequence += 1
    rig.follower.submit(ActionChunk(0.0, FRAME, ("panda_hand/width",), [0.1, 0.2], [[0.02], [0.01]], 1), 0.0)
    samples = rig.run(0.6)
    assert samples[-1].width == 0.01
    assert np.abs(positions(samples) - rig.position).max() < 1e-6


def test_progress_counts_up_and_remaining_counts_down():
    rig = Rig()
    rig.submit(FORWARD)
    rig.run(0.02)
    executed, remaining, index = [], [], []
    progress = rig.follower.progress
    while not progress.hold_reason:
        rig.run(0.01)
        executed.append(progress.executed_s)
        remaining.append(progress.remaining_s)
        index.append(progress.index)
    assert (np.diff(executed) >= 0.0).all()
    assert (np.diff(remaining[:-1]) <= 1e-9).all()
    assert (np.diff(index) >= 0).all()
    assert remaining[0] > 0.3
    assert remaining[-1] == 0.0
    assert index[-2] >= 3


def test_a_held_arm_slows_progress_but_does_not_stop_it():
    rig = Rig()
    rig.arm.friction = 40.0  # nothing moves it
    rig.submit(0.03 * np.arange(1, 9)[:, None] * [1.0, 0.0, 0.0])
    rig.run(0.85)
    assert rig.follower.progress.hold_reason == ""  # a free arm is done by now
    rig.run(4.0)
    assert rig.follower.progress.hold_reason == "chunk exhausted"


# --- holding ---


def test_starvation_holds_the_last_pose_at_rest():
    rig = Rig()
    rig.submit(FORWARD)
    rig.run(1.5)
    before = rig.tool[:3, 3]
    samples = rig.run(1.0)
    assert {sample.hold for sample in samples} == {"chunk exhausted"}
    assert np.linalg.norm(rig.tool[:3, 3] - before) < 3e-4
    assert np.abs(rig.arm.dq).max() < 0.01


@pytest.mark.parametrize(("status", "reason"), [(1, "terminated"), (-1, "invalid")])
def test_terminated_and_invalid_hold_without_moving(status, reason):
    rig = Rig()
    rig.submit(FORWARD, status=status)
    samples = rig.run(0.8)
    assert samples[-1].hold == reason
    assert np.abs(positions(samples) - rig.position).max() < 1e-6
    assert rig.follower.progress.status is TaskStatus(status)


def test_status_in_mid_motion_brakes():
    rig = Rig()
    rig.submit(0.03 * np.arange(1, 11)[:, None] * [1.0, 0.0, 0.0])
    rig.run(0.4)
    here = rig.follower.progress.T_base_ee_commanded[:3, 3].copy()
    rig.submit(FORWARD + 0.1, status=-1)
    samples = rig.run(0.6)
    moved = np.linalg.norm(samples[-1].commanded[:3, 3] - here)
    assert 0.01 < moved < 0.12
    assert np.abs(np.diff(positions(samples), axis=0)[-10:]).max() < 1e-5


def test_nothing_moves_before_it_is_enabled_or_after_it_is_disabled():
    rig = Rig(enable=False)
    assert "disabled" in rig.refused(FORWARD)
    rig.run(0.2)
    assert np.abs(rig.arm.dq).max() < 1e-9
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    rig.submit(FORWARD)
    rig.run(0.3)
    rig.follower.deactivate()
    assert "disabled" in rig.refused(FORWARD)
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() < 0.01
    assert rig.follower.progress.hold_reason == "disabled"


def test_activation_is_bumpless():
    rig = Rig(q=HOME + 0.2)
    samples = rig.run(0.5)
    assert np.abs(positions(samples) - rig.position).max() < 1e-9
    assert np.abs(np.diff([s.effort for s in samples], axis=0)).max() < 0.5
    assert tool_error(rig, np.zeros(3)) < 1e-3


# --- refusing ---


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ({"stamp": -5.0}, "old"),
        ({"stamp": 9.0}, "future"),
        ({"frame_id": "camera"}, "frame"),
        ({"instruction": 2}, "another instruction"),
    ],
)
def test_refused_chunks_move_nothing(keys, match):
    rig = Rig()
    rig.follower.instruct(1)
    assert match in rig.refused(FORWARD, **keys)
    samples = rig.run(0.4)
    assert np.abs(positions(samples) - rig.position).max() < 1e-9
    assert samples[-1].hold == "no chunk yet"


def test_duplicate_and_reordered_chunks_are_refused():
    rig = Rig()
    rig.submit(FORWARD, sequence=5)
    assert "twice" in rig.refused(FORWARD, sequence=5)
    rig.run(0.1)
    assert "reordered" in rig.refused(FORWARD, sequence=6, stamp=-0.05)
    rig.submit(FORWARD, sequence=0)  # restarted


def test_a_new_instruction_ends_the_old_motion():
    rig = Rig()
    rig.follower.instruct(1)
    rig.submit(0.03 * np.arange(1, 11)[:, None] * [1.0, 0.0, 0.0], instruction=1)
    rig.run(0.3)
    rig.follower.instruct(2)
    samples = rig.run(0.6)
    assert samples[-1].hold == "instruction changed"
    assert np.abs(np.diff(positions(samples), axis=0)[-10:]).max() < 1e-5
    assert "another instruction" in rig.refused(FORWARD, instruction=1)
    rig.submit(STILL + samples[-1].commanded[:3, 3] - rig.position, instruction=2)


def test_sources_are_ranked_and_a_lapsed_lease_means_hold():
    rig = Rig()
    rig.submit(FORWARD, source="teleop")
    assert "'teleop' holds the arm" in rig.refused(FORWARD)
    rig.run(3.0)
    assert "enable control again" in rig.refused(FORWARD)
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    rig.submit(STILL)


# --- stopping ---


def test_emergency_stop_comes_to_rest_holds_and_stays_latched():
    rig = Rig(command_delay=0.004)
    rig.submit(0.04 * np.arange(1, 11)[:, None] * [0.0, 1.0, 0.0])
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() > 0.2
    rig.follower.emergency_stop()
    rig.run(0.3)
    assert np.abs(rig.arm.dq).max() < 0.05
    here = rig.tool[:3, 3]
    for _ in range(5):
        rig.follower.emergency_stop()  # a heartbeat that repeats itself is no new stop
        rig.run(0.1)
    assert np.linalg.norm(rig.tool[:3, 3] - here) < 3e-3
    assert rig.follower.progress.hold_reason == "e-stop"
    assert "e-stop" in rig.refused(FORWARD)
    with pytest.raises(VlaError, match="latched"):
        rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    rig.follower.release_emergency_stop()
    assert "e-stop" in rig.refused(FORWARD)  # releasing the latch enables nothing
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    rig.submit(STILL + rig.tool[:3, 3] - rig.position)


def test_a_stopped_arm_does_not_creep_towards_its_rest_posture():
    rig = Rig(q=HOME + np.array([0.3, 0.2, -0.3, 0.2, 0.3, -0.2, 0.3]))
    rig.submit(0.02 * np.arange(1, 11)[:, None] * [0.0, 1.0, 0.0])
    rig.run(0.5)
    rig.follower.emergency_stop()
    rig.run(0.3)
    here = rig.arm.q.copy()
    rig.run(2.0)
    assert np.abs(rig.arm.q - here).max() < 2e-3
    rig.follower.release_emergency_stop()
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    before = np.linalg.norm(rig.arm.q - HOME)
    rig.submit(np.zeros((30, 3)) + rig.tool[:3, 3] - rig.position)  # while it is driven the elbow goes back
    rig.run(2.5)
    assert np.linalg.norm(rig.arm.q - HOME) < before - 0.05


def test_stale_state_lets_the_effort_fade_then_holds():
    rig = Rig()
    rig.submit(FORWARD)
    rig.run(0.2)
    samples = rig.run(0.2, stale=True)
    assert samples[-1].hold == "stale joint state"
    assert not samples[-1].effort.any()
    samples = rig.run(0.6)
    assert samples[-1].hold == "stale joint state"
    assert np.abs(rig.arm.dq).max() < 0.01
    rig.submit(STILL + rig.tool[:3, 3] - rig.position)
    rig.run(0.1)
    assert rig.follower.progress.hold_reason == ""


def test_a_state_that_is_not_finite_moves_nothing():
    rig = Rig()
    rig.run(0.1)
    bad = HOME.copy()
    bad[2] = np.nan
    for _ in range(20):
        command = rig.follower.tick(rig.now, 0.002, bad, np.zeros(7), rig.now)
        assert np.isfinite(command.effort).all()
    assert not command.effort.any()
    assert "not finite" in rig.follower.progress.hold_reason
    samples = rig.run(0.5)
    assert np.isfinite(samples[-1].effort).all()
    assert tool_error(rig, np.zeros(3)) < 5e-3


def test_an_arm_that_runs_away_is_stopped():
    rig = Rig()
    rig.arm.dq[:] = 3.0
    rig.run(0.05)
    assert "joint speed" in rig.follower.progress.hold_reason
    rig.run(0.5)
    assert np.abs(rig.arm.dq).max() < 0.05
    assert "enable it again" in rig.refused(FORWARD)


# --- joint space ---


def test_joint_chunk_moves_the_joints_and_back_to_tool_space_bumplessly():
    rig = Rig(command_delay=0.004)
    rig.submit(FORWARD)
    rig.run(0.3)  # switch in mid motion
    q_goal = HOME + np.array([0.2, 0.1, -0.2, 0.1, 0.1, -0.1, 0.3])
    rig.follower.submit(joint_chunk(rig, [HOME, q_goal]), rig.now, "planner")
    samples = rig.run(3.0)
    assert rig.follower.progress.mode == "joint"
    assert np.abs(rig.arm.q - q_goal).max() < 0.01
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    rig.follower.submit(joint_chunk(rig, [q_goal + 0.1]), rig.now, "planner")
    rig.run(0.4)
    shift = rig.tool[:3, 3] - rig.position
    rig.submit(shift + 0.5 * FORWARD, source="teleop")
    samples += rig.run(1.5)
    assert rig.follower.progress.mode == "cartesian"
    assert tool_error(rig, shift + 0.5 * FORWARD[-1]) < 3e-3
    rate = np.abs(np.diff([sample.effort for sample in samples], axis=0)) / rig.dt
    assert rate.max() < 400.0


def test_joint_targets_beyond_limits_are_refused():
    rig = Rig()
    with pytest.raises(ChunkError, match="asks joint 4"):
        rig.follower.submit(joint_chunk(rig, HOME + 3.0 * np.eye(7)[3]), rig.now)


def test_an_arm_that_stopped_outside_the_box_stays_where_it_is_and_comes_back_by_a_chunk():
    config = franka_config()
    x, y, z = franka_model().forward(HOME)[:3, 3]
    rig = Rig(dataclasses.replace(config, workspace_upper=(x - 0.05, y + 0.5, z + 0.5)))
    samples = rig.run(0.6)
    assert rig.follower.progress.hold_reason == "no chunk yet"
    assert np.abs(positions(samples) - rig.position).max() < 1e-6
    rig.submit([[-0.06, 0.0, 0.0]], step=0.5)
    rig.run(1.2)
    assert tool_error(rig, np.array([-0.06, 0.0, 0.0])) < 2e-3


def limited(acceleration):
    """Return a rig whose joints may be asked for `acceleration` [rad/s²] only."""
    rig = Rig()
    limits = dataclasses.replace(rig.limits, acceleration=np.full(7, acceleration))
    rig.follower = ChunkFollower("panda", "panda_hand", rig.model, limits, rig.config)
    rig.follower.activate(rig.arm.q, rig.arm.dq, 0.08, rig.now)
    return rig


def test_a_motion_that_asks_a_joint_for_too_much_acceleration_is_slowed_and_arrives():
    rig = limited(4.5)
    rig.submit(3.0 * FORWARD)
    samples = rig.run(0.7)
    assert not any("fault" in sample.hold for sample in samples)
    assert samples[-1].hold == ""  # an unlimited arm is done by now
    rig.run(1.0)
    assert tool_error(rig, 3.0 * FORWARD[-1]) < 2e-3


def test_a_motion_that_asks_for_three_times_the_acceleration_is_stopped_with_the_reason():
    rig = limited(1.0)
    rig.submit(3.0 * FORWARD)
    rig.run(0.3)
    assert "times its acceleration limit" in rig.follower.progress.hold_reason
    assert "enable it again" in rig.refused(FORWARD)


# --- invariants ---

shift = st.tuples(*[st.floats(-0.15, 0.15)] * 3)
chunks = st.tuples(
    st.lists(shift, min_size=1, max_size=6),
    st.floats(0.03, 0.3),  # step
    st.floats(0.0, 0.6),  # how late
    st.floats(0.01, 0.4),  # until the next
    st.sampled_from([0, 0, 0, 0, 1, -1]),
)


# No shrinking: one example is seconds of control.
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
@given(st.lists(chunks, min_size=1, max_size=5))
def test_whatever_comes_in_commands_stay_finite_continuous_and_within_limits(stream):
    rig = Rig(dt=0.004, command_delay=0.004)
    rig.run(0.05)
    samples = []
    for shifts, step, late, gap, status in stream:
        rig.samples.clear()
        try:  # noqa: SIM105
            rig.submit(np.array(shifts), step=step, stamp=rig.now - late, status=status, width=0.04)
        except ChunkError:
            pass
        samples += rig.run(gap)
    efforts = np.array([sample.effort for sample in samples])
    assert np.isfinite(efforts).all()
    assert (np.abs(efforts) <= rig.limits.effort).all()
    assert (np.abs(np.diff(efforts, axis=0)) <= rig.limits.effort_rate * rig.dt + 1e-9).all()
    assert not any("fault" in sample.hold for sample in samples)
    for before, after in itertools.pairwise(samples):
        assert after.executed >= before.executed - 1e-9 or after.sequence != before.sequence
    p = positions(samples)
    if len(p) > 4:
        speed = np.abs(np.diff(p, axis=0)).max() / rig.dt
        acceleration = np.abs(np.diff(p, 2, axis=0)).max() / rig.dt**2
        jerk = np.abs(np.diff(p, 3, axis=0)).max() / rig.dt**3
        assert speed < 1.2 * rig.config.stitch.speed_max
        assert acceleration < 1.5 * rig.config.stitch.acceleration_max
        assert jerk < 400.0
    assert rig.limits.contains(p, rig.config.safety.workspace_margin + 1e-9).all()


def test_memory_does_not_grow():
    import tracemalloc

    rig = Rig()
    rig.submit(FORWARD)
    rig.run(1.0)
    rig.samples.clear()
    q, dq = rig.arm.q, rig.arm.dq
    for k in range(200):
        rig.follower.tick(rig.now + 0.002 * k, 0.002, q, dq)
    tracemalloc.start()
    for k in range(600):
        rig.follower.tick(rig.now + 0.5 + 0.002 * k, 0.002, q, dq)
    kept = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, "*/controllers/*")])
    tracemalloc.stop()
    assert sum(trace.size for trace in kept.traces) < 2048, kept.statistics("lineno")[:5]

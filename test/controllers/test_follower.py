# SPDX-License-Identifier: Apache-2.0
import dataclasses
import itertools

import numpy as np
from arms.franka_arm import FORWARD, FRAME, Rig, franka_config, positions, tool_error
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from controllers.chunks.chunk import ActionChunk
from controllers.errors import ChunkError


def test_goes_to_the_end_of_the_chunk_and_holds():
    rig = Rig(command_delay=0.004, jitter=0.002)
    transition = rig.submit(FORWARD, width=0.04)
    samples = rig.run(1.2)
    assert transition.dropped_points == 0
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


def test_commanded_motion_is_continuous_to_second_order_over_transitions():
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

# SPDX-License-Identifier: Apache-2.0
import contextlib
import dataclasses

import numpy as np
import pytest
from arms.franka_arm import ARM, FRAME, HOME, franka_config, franka_limits, franka_model
from arms.position_arm import PositionRig
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_tests import trials

from controllers.arm.arm_dynamics import Payload
from controllers.chunks.chunk import ActionChunk
from controllers.drives.velocity_bounds import VelocityBounds
from controllers.errors import ChunkError, ConfigError
from controllers.rotations import angle_between, compose_exp, from_matrix

FORWARD = 0.02 * np.arange(1, 5)[:, None] * np.array([1.0, 0.0, 0.5])
JOINTS = tuple(f"{joint}/position" for joint in ARM.joints)


def joint_chunk(rig, targets, step=0.5):
    rig.sequence += 1
    times = step * np.arange(1, len(targets) + 1)
    return ActionChunk(rig.now, FRAME, JOINTS, times, np.atleast_2d(targets), sequence=rig.sequence)


def check_limits(commands, rig, start=HOME):
    """Fail unless commands (T, N) keep range, speed and acceleration from rest at `start` on."""
    limits, dt = rig.limits, rig.dt
    q = np.vstack([start, commands])
    dq = np.diff(q, axis=0) / dt
    ddq = np.diff(np.vstack([np.zeros(7), dq]), axis=0) / dt
    assert np.isfinite(q).all()
    assert (q >= limits.lower - 1e-9).all()
    assert (q <= limits.upper + 1e-9).all()
    assert (np.abs(dq) <= limits.velocity + 1e-6).all()
    assert (np.abs(ddq) <= limits.acceleration * (1.0 + 1e-6)).all()


def test_goes_to_the_end_of_the_chunk_and_holds_there():
    rig = PositionRig()
    rig.submit(FORWARD, width=0.04)
    commands = rig.run(1.2)
    check_limits(commands, rig)
    assert rig.hold == "chunk exhausted"
    assert np.linalg.norm(rig.tool[:3, 3] - rig.position - FORWARD[-1]) < 5e-4
    before = rig.run(0.1)[-1]
    assert np.abs(rig.run(1.0)[-1] - before).max() < 1e-4  # it does not creep


def test_follows_a_stream_without_lag_and_turns_the_tool():
    rig = PositionRig()

    def target(t):
        ramp = min(1.0, t)
        return (
            ramp * np.array([0.1 * (1 - np.cos(1.5 * t)), 0.1 * np.sin(1.5 * t), 0.0]),
            compose_exp(tuple(rig.quaternion), (0.0, 0.3 * ramp * np.sin(t), 0.2 * ramp * np.sin(2 * t))),
        )

    errors, turns = [], []
    for _ in range(30):
        begin = rig.now
        points = [target(begin + 0.1 * k) for k in range(1, 6)]
        rig.submit([p for p, _ in points], quaternions=np.array([q for _, q in points]), stamp=begin)
        for _ in range(5):
            rig.run(0.02)
            shift, quaternion = target(rig.now)
            T = rig.driven.progress.T_base_ee_commanded
            errors.append(np.linalg.norm(T[:3, 3] - rig.position - shift))
            turns.append(angle_between(from_matrix(T[:3, :3]), quaternion))
    check_limits(np.array(rig.commands), rig)
    assert np.sqrt(np.mean(np.square(errors[25:]))) < 6e-3
    assert np.sqrt(np.mean(np.square(turns[25:]))) < 0.03


def test_joint_chunks_and_poses_take_turns_without_a_jump():
    rig = PositionRig()
    target = HOME + np.array([0.2, 0.1, -0.1, 0.1, 0.2, 0.1, -0.2])
    rig.follower.submit(joint_chunk(rig, [0.5 * (HOME + target), target]), rig.now)
    rig.run(0.6)
    rig.submit(FORWARD)  # in the midst of the joints' motion
    rig.run(2.0)
    rig.follower.submit(joint_chunk(rig, [target]), rig.now)
    commands = rig.run(2.5)
    check_limits(np.array(rig.commands), rig)
    assert np.abs(commands[-1] - target).max() < 2e-3


@pytest.mark.parametrize("phase", [0.15, 0.35, 0.6])
def test_an_emergency_stop_brakes_within_limits_and_holds(phase):
    rig = PositionRig()
    shifts = 0.07 * np.arange(1, 9)[:, None] * np.array([0.2, 1.0, 0.3]) / 1.06
    rig.submit(shifts, step=0.1)
    rig.run(phase)
    rig.follower.emergency_stop()
    began, still = rig.now, None
    for _ in range(200):
        rig.run(rig.dt)
        if still is None and np.abs(rig.servo.dq).max() < 0.02:
            still = rig.now - began
    check_limits(np.array(rig.commands), rig)
    assert still is not None
    assert still <= 0.3
    assert rig.hold == "e-stop"
    last = rig.commands[-1]
    assert np.abs(rig.run(0.5)[-1] - last).max() < 1e-9


def test_stale_joint_states_brake_the_command_and_end_in_a_hold():
    rig = PositionRig()
    rig.submit(FORWARD * 2.0)
    rig.run(0.3)
    rig.run(0.6, stale=True)
    assert rig.hold == "stale joint state"
    check_limits(np.array(rig.commands), rig)
    assert np.abs(np.diff(np.array(rig.commands[-20:]), axis=0)).max() == 0.0


def test_an_arm_that_is_held_back_is_not_led_far():
    rig = PositionRig()
    rig.submit(0.03 * np.arange(1, 11)[:, None] * np.array([1.0, 0.0, 0.0]))
    rig.run(0.2)
    rig.servo.blocked = rig.servo.q.copy()
    commands = rig.run(3.0)
    lead = rig.config.kinematics.lead_max
    assert np.abs(commands - rig.servo.blocked).max() <= lead * 1.05
    check_limits(np.array(rig.commands), rig)


def test_the_arm_slows_down_towards_a_singularity_and_holds_before_it():
    rig = PositionRig()
    reach = 0.03 * np.arange(1, 20)[:, None] * np.array([1.0, 0.0, 0.25])
    conditions = []
    for k in range(0, 19, 2):
        try:
            rig.submit(reach[k : k + 4] if k + 4 <= 19 else reach[-4:], step=0.1)
        except ChunkError:
            break
        for _ in range(10):
            rig.run(0.02)
            conditions.append(np.linalg.cond(rig.model.J))
    rig.run(1.0)
    check_limits(np.array(rig.commands), rig)
    assert max(conditions) > rig.config.kinematics.singular_slow  # it got near …
    assert max(conditions) < 2.0 * rig.config.kinematics.singular_stop  # … and no further
    # … and may leave again.
    rig.submit(rig.tool[:3, 3] - rig.position - 0.02 * np.arange(1, 6)[:, None] * np.array([1.0, 0.0, 0.0]))
    before = rig.tool[0, 3]
    rig.run(1.0)
    assert rig.tool[0, 3] < before - 0.05


def test_enabling_takes_the_arm_over_where_it_is():
    start = HOME + 0.1
    rig = PositionRig(q=start)
    assert np.abs(rig.run(0.3) - start).max() < 1e-6


def test_gains_and_payload_are_the_drivers():
    rig = PositionRig()
    with pytest.raises(ConfigError, match="driven by position"):
        rig.follower.change_impedance("panda", rig.config.impedance)
    with pytest.raises(ConfigError, match="its driver must be told"):
        rig.follower.change_payload("panda", Payload(1.0))


def test_in_shadow_mode_nothing_is_commanded():
    rig = PositionRig(dataclasses.replace(franka_config(), shadow=True))
    rig.submit(FORWARD)
    assert np.abs(rig.run(1.0)).max() == 0.0
    assert np.linalg.norm(rig.driven.progress.T_base_ee_commanded[:3, 3] - rig.position) < 0.1


@settings(max_examples=trials(8, 25))
@given(st.data())
def test_any_chunks_leave_commands_within_limits_and_continuous(data):
    rig = PositionRig()
    vector = st.tuples(*[st.floats(-0.25, 0.25)] * 3)
    for _ in range(4):
        points = data.draw(st.lists(vector, min_size=1, max_size=6))
        late, step = data.draw(st.floats(0.0, 0.3)), data.draw(st.sampled_from([0.05, 0.1, 0.3]))
        with contextlib.suppress(ChunkError):
            rig.submit(np.array(points), step=step, stamp=max(0.0, rig.now - late))
        rig.run(data.draw(st.sampled_from([0.02, 0.1, 0.5])))
    rig.run(0.2)
    check_limits(np.array(rig.commands), rig)


@settings(max_examples=trials(50, 200))
@given(st.floats(0.0, 1.0), st.floats(-1.0, 1.0), st.floats(-0.3, 0.3), st.sampled_from([0.001, 0.002, 0.005]))
def test_a_joint_never_leaves_its_range(where, speed, lead, dt):
    limits = franka_limits(franka_config())
    bounds = VelocityBounds(limits, 0.15)
    q = limits.lower + where * (limits.upper - limits.lower)
    room = np.maximum(0.0, np.where(speed > 0, limits.upper - q, q - limits.lower))
    dq = speed * np.minimum(limits.velocity, np.sqrt(2.0 * limits.acceleration * room) * 0.9)
    for _ in range(400):
        bounds.update(q, dq, q + lead, dt)
        assert (bounds.lower <= bounds.upper).all()
        dq = bounds.upper if speed > 0 else bounds.lower
        q = q + dt * dq
        assert (q >= limits.lower - 1e-6).all()
        assert (q <= limits.upper + 1e-6).all()


def test_the_model_it_plans_with_is_its_own():
    rig = PositionRig()
    rig.run(0.1)
    assert np.allclose(rig.driven.model.q, rig.servo.q)
    assert np.allclose(franka_model().forward(rig.driven.command.position), rig.driven.progress.T_base_ee_commanded)

# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from arms.franka_arm import ARM, HOME, STILL, Rig, franka_config, franka_limits, franka_model
from hypothesis import given
from hypothesis import strategies as st

from controllers.arm.arm_dynamics import ArmDynamics, Payload
from controllers.arm.model import ArmModel
from controllers.control_config import SafetyConfig
from controllers.errors import ChunkError
from controllers.safety.gate import DampedStop, EffortGate, SourceLease, check_chunk, check_joint_targets, check_poses
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

LIMITS = franka_limits(franka_config())
SAFETY = SafetyConfig()


@pytest.fixture(scope="module")
def rig():
    return Rig()


def check(rig, chunk, now=1.0, instruction=0):
    check_chunk(chunk, now, "panda_link0", instruction, SAFETY)
    check_poses(chunk, "panda", rig.position, rig.position, LIMITS, SAFETY)


@pytest.mark.parametrize(
    ("shifts", "keys", "now", "match"),
    [
        (STILL, {"frame_id": "camera"}, 1.0, "frame 'camera'"),
        (STILL, {}, 1.0 + SAFETY.chunk_age_max_s + 0.1, "s old"),
        (STILL, {}, 0.5, "in the future"),
        (STILL + np.array([0.1, 0.0, -1.0]), {}, 1.0, "from the commanded pose"),
        ([[0.0, 0.0, 0.0], [0.0, 0.0, -0.7]], {"step": 1.0}, 1.0, "outside the workspace box"),
        ([[0.0, 0.0, 0.0], [0.0, 0.28, 0.0]], {}, 1.0, "asks for 2.80 m/s"),
        (STILL, {"instruction": 7}, 1.0, "another instruction"),
    ],
)
def test_refusals_name_the_reason(rig, shifts, keys, now, match):
    with pytest.raises(ChunkError, match=match):
        check(rig, rig.chunk(shifts, stamp=1.0, **keys), now, instruction=3)


def test_a_good_chunk_passes_with_and_without_instruction(rig):
    check(rig, rig.chunk(STILL, stamp=1.0, instruction=3), instruction=3)
    check(rig, rig.chunk(STILL, stamp=1.0), instruction=3)


def test_fast_turns_are_refused(rig):
    quaternions = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]])
    with pytest.raises(ChunkError, match="rad/s"):
        check(rig, rig.chunk(STILL[:2], quaternions=quaternions, stamp=1.0))


def test_joint_targets():
    check_joint_targets(np.tile(HOME, (3, 1)), np.arange(3.0), ARM.joints, LIMITS)
    with pytest.raises(ChunkError, match="asks 'panda_joint4'"):
        check_joint_targets(HOME[None] + 3.0 * np.eye(7)[3], np.ones(1), ARM.joints, LIMITS)
    with pytest.raises(ChunkError, match="times its velocity limit"):
        check_joint_targets(np.stack([HOME, HOME + 0.5]), np.array([0.1, 0.2]), ARM.joints, LIMITS)


def test_lease_order():
    lease = SourceLease(1.0)
    lease.check("policy", 0.0)
    lease.take("policy", 0.0)
    lease.check("teleop", 0.5)
    lease.take("teleop", 0.5)
    lease.extend(1.0)
    with pytest.raises(ChunkError, match="'teleop' holds the arm"):
        lease.check("policy", 0.5)
    assert not lease.lapsed(1.9)
    assert lease.lapsed(2.1)
    with pytest.raises(ChunkError, match="enable control again"):
        lease.check("policy", 2.1)  # never does the next source take over by itself
    lease.check("teleop", 2.1)
    lease.clear()
    lease.check("policy", 2.1)
    with pytest.raises(ChunkError, match="did you mean 'planner'"):
        lease.check("planer", 0.0)


efforts = st.lists(st.floats(-1e4, 1e4), min_size=7, max_size=7).map(np.array)


@given(st.lists(efforts, min_size=1, max_size=20), st.floats(1e-4, 0.01))
def test_effort_and_its_rate_are_never_exceeded(wanted, dt):
    gate = EffortGate(LIMITS)
    last = gate.effort.copy()
    for tau in wanted:
        assert gate.apply(tau, dt)
        assert (np.abs(gate.effort - last) <= LIMITS.effort_rate * dt + 1e-9).all()
        assert (np.abs(gate.effort) <= LIMITS.effort).all()
        last = gate.effort.copy()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_effort_that_is_not_finite_fades_to_zero(bad):
    gate = EffortGate(LIMITS)
    for _ in range(50):
        gate.apply(np.full(7, 5.0), 0.001)
    tau = np.full(7, 5.0)
    tau[3] = bad
    for _ in range(50):
        assert not gate.apply(tau, 0.001)
        assert np.isfinite(gate.effort).all()
    assert not gate.effort.any()


def test_damped_stop_takes_energy_out():
    model, stop = franka_model(), DampedStop(7, SAFETY)
    dq = np.random.default_rng(0).normal(size=7)
    model.update(HOME, dq)
    assert dq @ (stop.effort(model) - model.coriolis) < 0.0
    assert not stop.at_rest(model)
    model.update(HOME, 0.001 * dq)
    assert stop.at_rest(model)


def test_limits_are_the_embodiment_s():
    assert np.array_equal(LIMITS.effort, ARM.effort)


def test_a_damped_stop_holds_what_the_hand_carries():
    urdf, dynamics = expand_urdf(load_embodiment("franka")), ArmDynamics(payload=Payload(1.0, (0.0, 0.0, 0.05)))
    model = ArmModel(urdf, ARM.joints, ARM.tool_frame, armature=ARM.armature, dynamics=dynamics)
    model.update(HOME, np.zeros(7))
    effort = DampedStop(7, SAFETY).effort(model)
    np.testing.assert_allclose(effort, model.payload_weight(HOME), atol=1e-9)
    assert effort[1] < -3.0  # it would fall forwards

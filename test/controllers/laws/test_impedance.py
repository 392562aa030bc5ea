# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from arms.franka_arm import ARM, HOME, franka_config, franka_model

from controllers.control_config import ImpedanceConfig
from controllers.errors import ConfigError
from controllers.laws.friction_feedforward import FrictionFeedforward
from controllers.laws.impedance import CartesianImpedance, JointImpedance
from controllers.laws.joint_limit_repulsion import JointLimitRepulsion
from controllers.rotations import compose_exp, from_matrix
from vla_ros.sim.delayed_arm import DelayedArm

CONFIG = franka_config().impedance
STILL = np.zeros(6)
POSES = [
    HOME,
    HOME + np.array([0.3, 0.4, -0.2, 0.4, 0.1, 0.5, 0.2]),
    HOME + np.array([-0.8, 0.6, 0.4, -0.2, -0.4, 0.3, -1.0]),
]


def target_of(model, q):
    T = model.forward(np.asarray(q, float))
    return T[:3, 3].copy(), from_matrix(T[:3, :3])


def law_at(q):
    law = CartesianImpedance(7, CONFIG)
    law.q_rest[:] = q
    return law


@pytest.mark.parametrize("q", POSES)
def test_at_the_target_at_rest_there_is_no_effort(q):
    model = franka_model()
    model.update(q, np.zeros(7))
    tau = law_at(q).effort(model, *target_of(model, q), STILL, STILL)
    assert np.abs(tau).max() < 1e-4


@pytest.mark.parametrize("q", POSES)
def test_effective_stiffness_is_the_series_spring(q):
    model, law = franka_model(), law_at(q)
    model.update(q, np.zeros(7))
    position, quaternion = target_of(model, q)
    inverse_inertia = model.J @ model.M_inverse @ model.J.T
    compliance = np.diag([1 / CONFIG.stiffness_position] * 3 + [1 / CONFIG.stiffness_rotation] * 3)
    K = np.linalg.inv(compliance + inverse_inertia / CONFIG.frequency_max**2)
    shift, turn = np.array([1e-3, -2e-3, 1.5e-3]), np.array([0.01, 0.02, -0.01])
    R = model.rotation
    tau = law.effort(model, position + shift, compose_exp(quaternion, tuple(R.T @ turn)), STILL, STILL)
    assert np.allclose(tau, model.J.T @ K @ np.concatenate([shift, turn]), rtol=1e-3, atol=1e-4)
    frequencies = np.sqrt(np.linalg.eigvals(inverse_inertia @ K).real)
    assert (frequencies < CONFIG.frequency_max).all()


@pytest.mark.parametrize("q", POSES)
def test_nullspace_effort_does_not_move_the_tool(q):
    model, law = franka_model(), law_at(q)
    model.update(q, np.zeros(7))
    law.q_rest[:] = q + 0.3 * np.linalg.svd(model.J)[2][6]  # along the arm's self-motion
    tau = law.effort(model, *target_of(model, q), STILL, STILL)
    assert np.abs(tau).max() > 0.1
    acceleration = model.J @ model.M_inverse @ tau
    assert np.abs(acceleration).max() < 1e-3


def test_self_motion_near_a_wrist_singularity_stays_slow():
    """A pose from a grasp far out: joints 5 and 7 nearly in line, the elbow a long way from its rest."""
    q0 = np.array([0.45, 0.67, -0.33, -1.93, -1.15, 3.17, 2.14])
    model, law = franka_model(), law_at(HOME)
    arm = DelayedArm(franka_model(), q0, timestep=0.001)
    position, quaternion = target_of(model, q0)
    speeds = []
    for _ in range(1500):
        q, dq = arm.measure()
        model.update(q, dq)
        arm.command(law.effort(model, position, quaternion, STILL, STILL))
        arm.step()
        speeds.append(np.abs(dq).max())
    assert 0.1 < max(speeds) < 0.8


def test_feed_forward_gives_the_asked_acceleration():
    model, law = franka_model(), law_at(HOME)
    model.update(HOME, np.zeros(7))
    asked = np.array([1.0, -0.5, 0.3, 0.4, 0.2, -0.6])
    tau = law.effort(model, *target_of(model, HOME), STILL, asked)
    assert np.allclose(model.J @ model.M_inverse @ tau, asked, atol=1e-3)


def test_error_is_clipped_so_that_force_is_bounded():
    model, law = franka_model(), law_at(HOME)
    model.update(HOME, np.zeros(7))
    position, quaternion = target_of(model, HOME)
    near = law.effort(model, position + np.array([0.5, 0, 0]), quaternion, STILL, STILL).copy()
    far = law.effort(model, position + np.array([5.0, 0, 0]), quaternion, STILL, STILL)
    assert np.allclose(near, far)
    assert np.linalg.norm(law.error[:3]) == pytest.approx(CONFIG.error_clip_position)


def energy(model, law, position, quaternion, q, dq):
    """Kinetic energy and that of the tool's spring, with the nullspace spring off."""
    model.update(q, dq)
    law.effort(model, position, quaternion, STILL, STILL)
    inverse_inertia = model.J @ model.M_inverse @ model.J.T
    K = np.linalg.inv(law.gains.compliance + inverse_inertia / law.config.frequency_max**2)
    return 0.5 * dq @ model.M @ dq + 0.5 * law.error @ K @ law.error


def test_energy_of_a_released_arm_only_falls():
    config = ImpedanceConfig(nullspace_stiffness=0.0, frequency_max=28.0)
    model, law = franka_model(), CartesianImpedance(7, config)
    arm = DelayedArm(franka_model(), HOME, timestep=0.0005)
    position, quaternion = target_of(model, HOME)
    position = position + np.array([0.01, -0.008, 0.012])
    energies = []
    for _ in range(1600):
        q, dq = arm.measure()
        energies.append(energy(model, law, position, quaternion, q, dq))
        arm.command(law.effort(model, position, quaternion, STILL, STILL))
        arm.step()
    energies = np.array(energies)
    # The spring's own dependence on the configuration and the sampling leave a ripple far below the whole.
    assert np.diff(energies).max() < 1e-3 * energies[0]
    assert energies[-1] < 1e-2 * energies[0]


def test_a_pushed_arm_returns_without_ringing():
    model, law = franka_model(), law_at(HOME)
    arm = DelayedArm(franka_model(), HOME, command_delay=0.006, jitter=0.002)
    position, quaternion = target_of(model, HOME)
    shift = []
    for k in range(1500):
        q, dq = arm.measure()
        arm.disturbance[:] = [0, 5.0, 0, 0, 0, 0, 0] if k < 300 else 0.0
        model.update(q, dq)
        arm.command(law.effort(model, position, quaternion, STILL, STILL))
        arm.step()
        shift.append(model.position - position)
    shift = np.array(shift)
    assert np.linalg.norm(shift[299]) > 1e-3
    assert np.abs(shift[900:]).max() < 3e-4
    along = shift[300:] @ shift[300] / np.linalg.norm(shift[300]) ** 2
    assert along.min() > -0.15


def test_near_a_singularity_effort_stays_bounded():
    stretched = np.array([0.0, 0.3, 0.0, -0.08, 0.0, 0.4, 0.0])
    model, law = franka_model(), law_at(stretched)
    model.update(stretched, np.zeros(7))
    position, quaternion = target_of(model, stretched)
    tau = law.effort(model, position + np.array([1.0, 0, 1.0]), quaternion, np.full(6, 0.1), np.full(6, 1.0))
    assert law.manipulability < CONFIG.manipulability_min
    assert np.abs(tau).max() < 120.0


def test_into_a_singularity_the_desired_joint_rates_do_not_jump():
    """A lift beside the base at 0.22 m/s, where joints 1 and 3 turn against each other."""
    q0 = np.array([-0.30, 0.25, 0.71, -2.84, 0.04, 2.98, 0.46])
    dq0 = np.array([-1.6, -0.95, 2.0, -0.18, 1.4, -0.8, -0.9])
    model, law = franka_model(), law_at(HOME)
    rates, measures = [], []
    for time in np.arange(0.0, 0.14, 0.002):
        model.update(q0 + time * dq0, dq0)
        law.effort(model, *target_of(model, q0), np.array([0.0, 0.0, 0.22, 0.0, 0.0, 0.0]), STILL)
        rates.append(law.dq_desired.copy())
        measures.append(law.manipulability)
    assert max(measures) < CONFIG.manipulability_min
    shares = np.abs(np.diff(rates, axis=0)) / 0.002 / ARM.acceleration
    assert shares.max() < 2.0  # at 3 the gate stops the arm


def test_joint_impedance_follows_and_is_silent_at_the_target():
    model, law = franka_model(), JointImpedance(7, CONFIG)
    model.update(HOME, np.zeros(7))
    assert np.abs(law.effort(model, HOME, np.zeros(7), np.zeros(7))).max() < 1e-12
    asked = np.array([1.0, -1.0, 0.5, 0.2, 0.1, -0.4, 0.3])
    assert np.allclose(model.M_inverse @ law.effort(model, HOME, np.zeros(7), asked), asked)
    K = np.linalg.inv(np.diag(1 / np.array(CONFIG.stiffness_joints)) + model.M_inverse / CONFIG.frequency_max**2)
    assert np.allclose(law.effort(model, HOME + 0.01, np.zeros(7), np.zeros(7)), K @ np.full(7, 0.01))


def test_joint_stiffness_must_fit_the_arm():
    with pytest.raises(ConfigError, match="7 values for 6 joints"):
        JointImpedance(6, CONFIG)


@pytest.mark.parametrize(("q", "expected"), [(HOME, 0.0), (ARM.upper, -1.0), (ARM.lower, 1.0)])
def test_repulsion_acts_only_in_the_margin_and_inward(q, expected):
    tau = np.zeros(7)
    JointLimitRepulsion(ARM.lower, ARM.upper, CONFIG).add(q, tau)
    assert np.allclose(tau, expected * CONFIG.joint_limit_effort)


def test_repulsion_is_found_by_a_joint_that_moves_there():
    repulsion = JointLimitRepulsion(ARM.lower, ARM.upper, CONFIG)
    tau, q = np.zeros(7), HOME.copy()
    inner = ARM.upper[6] - CONFIG.joint_limit_margin
    for q[6] in np.arange(inner - 0.1, ARM.upper[6], 0.004):  # 2 rad/s at 500 Hz
        tau[:] = 0.0
        repulsion.add(q, tau)
        depth = max(0.0, q[6] - inner)
        assert tau[6] == pytest.approx(-CONFIG.joint_limit_effort * (depth / CONFIG.joint_limit_margin) ** 2, abs=1e-9)


def test_friction_feed_forward_is_zero_at_rest_and_below_the_real_friction():
    model = franka_model()
    friction = FrictionFeedforward(model, 0.8)
    tau = np.zeros(7)
    friction.add(np.zeros(7), tau)
    assert not tau.any()
    dq = np.full(7, 0.5)
    friction.add(dq, tau)
    assert np.allclose(tau, 0.8 * (model.viscous_friction * dq + model.dry_friction), rtol=1e-3)

# SPDX-License-Identifier: Apache-2.0
import dataclasses

import numpy as np
import pytest
from arms.franka_arm import HOME, franka_config, franka_limits, franka_model

from controllers.chunks.track import CARTESIAN, JOINT
from controllers.drives.torque_law import TorqueLaw
from controllers.rotations import angle_between, compose_exp, from_matrix


@pytest.fixture
def law():
    config = franka_config()
    model = franka_model()
    model.update(HOME, np.zeros(7))
    law = TorqueLaw(model, franka_limits(config), config)
    law.cartesian.q_rest[:] = HOME
    return law


def test_holding_starts_from_the_last_effort_and_lets_it_decay(law):
    last = np.array([3.0, -2.0, 1.0, 4.0, 0.5, -0.3, 0.2])
    target = law.hold_measured(last)
    efforts = np.array([law.effort(target.copy(), 0.002).copy() for _ in range(400)])
    assert np.abs(efforts[0] - last).max() < 0.1
    assert np.abs(efforts[-1]).max() < 1e-2
    assert np.abs(np.diff(efforts, axis=0)).max() < 0.1


def test_seeds_continue_the_commanded_motion_in_the_other_space(law):
    q = HOME + 0.02
    T = law.model.forward(q)
    twist = np.array([0.1, -0.05, 0.08, 0.1, 0.2, -0.1])
    law.motion.pose.reset(T[:3, 3], from_matrix(T[:3, :3]), twist)
    law._impedance()  # measures the error the seed is computed from
    seed = law.seed(JOINT)
    reached = law.model.forward(seed[0])
    assert np.linalg.norm(reached[:3, 3] - T[:3, 3]) < 1e-3
    assert angle_between(from_matrix(reached[:3, :3]), from_matrix(T[:3, :3])) < 5e-3
    assert np.allclose(law.model.J @ seed[1], twist, atol=1e-6)
    law.switch(JOINT, seed, np.zeros(7))
    back = law.seed(CARTESIAN)
    assert np.allclose(back[0, :3], reached[:3, 3], atol=1e-6)
    assert np.allclose(back[1, :6], law.motion._planning_model.jacobian(seed[0]) @ seed[1], atol=1e-6)


def test_a_seed_beside_a_singularity_asks_for_nothing_the_joints_cannot_do(law):
    q = np.array([-1.29, 0.144, 2.132, -0.075, 1.03, 3.432, 1.148])  # the elbow all but straight
    law.model.update(q, np.zeros(7))
    T = law.model.T_base_ee.copy()
    T[:3, 3] += 0.02
    twist = np.array([0.3, -0.3, 0.3, 0.5, 0.5, 0.5])
    law.motion.pose.reset(T[:3, 3], from_matrix(T[:3, :3]), twist)
    law._impedance()
    seed = law.seed(JOINT)
    assert (np.abs(np.linalg.pinv(law.model.J) @ twist) / law.motion.joint_speed).max() > 3.0  # it is beside one
    assert np.abs(seed[0] - q).max() < 0.3
    assert (np.abs(seed[1]) <= law.motion.joint_speed + 1e-9).all()


def test_seeded_states_are_what_the_filters_continue_from(law):
    T = law.model.T_base_ee
    seed = np.zeros((2, 7))
    seed[0, :3], seed[0, 3:] = T[:3, 3], from_matrix(T[:3, :3])
    seed[1, :6] = 0.2, 0.0, -0.1, 0.0, 0.0, 0.3
    state = law.motion.seeded_state(CARTESIAN, seed)
    assert np.allclose(state[0, :3] - law.motion.delay * state[1, :3], T[:3, 3])
    turned = compose_exp(tuple(seed[0, 3:]), tuple(law.model.rotation.T @ seed[1, 3:6] * law.motion.delay))
    assert angle_between(tuple(state[0, 3:]), turned) < 1e-6
    # The quaternion's rate is that of the twist.
    h = 1e-4
    later = compose_exp(tuple(state[0, 3:]), tuple(law.model.rotation.T @ seed[1, 3:6] * h))
    assert np.allclose((np.array(later) - state[0, 3:]) / h, state[1, 3:], atol=1e-3)


def test_bounds_speak_of_joint_speed(law):
    bounds = law.motion.bounds(CARTESIAN)
    x, y, z, w = law.motion.pose.filter.quaternion
    velocity = np.zeros(7)
    velocity[:3] = 0.3, 0.1, -0.2
    omega = np.array([0.2, -0.4, 0.3])
    rate = 0.5 * np.array([*(w * omega + np.cross(omega, [x, y, z])), -omega @ [x, y, z]])
    velocity[3:] = rate
    dq = bounds.joint_rates @ velocity * law.motion.joint_speed
    assert np.allclose(law.model.J @ dq, [0.3, 0.1, -0.2, *omega], atol=1e-6)


def test_commanded_pose_is_written(law):
    law.hold_measured(np.zeros(7))
    T = np.eye(4)
    law.motion.write_pose(T)
    assert np.allclose(T, law.model.T_base_ee)
    law.switch(JOINT, np.stack([HOME + 0.1, np.zeros(7)]), np.zeros(7))
    law.motion.write_pose(T)
    assert np.allclose(T, law.model.forward(HOME + 0.1))


def test_joint_shares_are_speed_and_its_change(law):
    law.hold_measured(np.zeros(7))
    dt, speed = 0.008, law.cartesian.dq_desired
    speed[:] = 0.1
    assert law.limit_utilisation(dt)[1] == 0.0  # nothing to compare with yet
    speed[:] = 0.1
    speed[3] = -0.2
    share, acceleration = law.limit_utilisation(dt)
    limits, margin = franka_limits(franka_config()), franka_config().safety.acceleration_margin
    assert share == pytest.approx(0.2 / (0.8 * limits.velocity[3]))
    assert acceleration == pytest.approx(0.3 / dt / limits.acceleration[3] / margin)
    law.switch(JOINT, np.stack([HOME, np.full(7, 1.0)]), np.zeros(7))
    assert law.limit_utilisation(dt)[1] == 0.0  # the other space's speed is another number, not a leap


def test_joints_are_asked_for_no_more_than_their_speed_and_progress_is_told_of_the_rest(law):
    law.hold_measured(np.zeros(7))
    T = law.model.T_base_ee
    law.motion.pose.reset(T[:3, 3], from_matrix(T[:3, :3]), np.array([0.0, 2.0, 0.0, 0.0, 0.0, 3.0]))
    asked, shares = [], []
    for tick in range(60):
        law._impedance()
        asked.append(float((np.abs(law.cartesian.dq_desired) / law.motion.joint_speed).max()))
        if tick % 4 == 0:
            shares.append(law.limit_utilisation(0.008)[0])
    assert asked[0] > 1.3
    assert asked[-1] == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.diff(asked)).max() < 0.3 * asked[0]  # it glides there
    assert shares[-1] == pytest.approx(asked[0], rel=0.01)  # of the whole motion
    law.motion.pose.reset(T[:3, 3], from_matrix(T[:3, :3]))
    for tick in range(120):
        law._impedance()
        if tick % 4 == 0:
            law.limit_utilisation(0.008)
    assert law.cartesian.motion_share == 1.0


def test_changes_wait_for_an_arm_that_is_not_driven(law):
    soft = dataclasses.replace(franka_config().impedance, stiffness_position=500.0)
    law.gains.change(soft)
    law.settle()
    assert law.gains.compliance[0, 0] == pytest.approx(1 / 500.0)

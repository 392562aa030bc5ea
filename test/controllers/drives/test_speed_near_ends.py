# SPDX-License-Identifier: Apache-2.0
"""Franka Research 3 stops whoever is faster near the end of a joint's range than libfranka allows there."""

from dataclasses import replace

import numpy as np
import pytest
from robot_rigs.whole_robot import described

from controllers.arm.limits import NO_LIMIT
from controllers.drives.torque_barrier import TorqueBarrier
from controllers.drives.velocity_bounds import VelocityBounds
from controllers.safety.gate import EffortGate
from controllers.whole_body.limits import BodyBounds
from vla_ros.robots.control import arm_limits, arm_model, load_control_config
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.delayed_arm import DelayedArm

# libfranka 0.21, rate_limiting.h: slope [rad/s²], what is subtracted [rad/s], where it ends [rad].
TWICE = np.array([12.0, 5.17, 7.0, 8.0, 34.0, 11.0, 34.0])
OFFSET = np.array([0.30, 0.20, 0.20, 0.30, 0.35, 0.35, 0.35])
UPPER = np.array([2.7501, 1.7918, 2.9065, -0.1458, 2.8101, 4.5205, 3.0196])
LOWER = np.array([-2.7501, -1.7918, -2.9065, -3.0481, -2.8101, 0.54092, -3.0196])
FASTEST = np.array([2.62, 2.62, 2.62, 2.62, 5.26, 4.18, 5.26])
TOLERANCE = 1e-3  # [rad/s]

FR3 = load_embodiment("fr3")
CONFIG = load_control_config("fr3")
LIMITS = arm_limits(FR3.only_arm, CONFIG)
HOME = np.array(FR3.only_arm.home)


def allowed(q: np.ndarray, sign: float) -> np.ndarray:
    """Return how fast libfranka lets each joint be (7,) [rad/s] towards its upper (1) or lower (−1) end."""
    distance = UPPER - q if sign > 0 else q - LOWER
    return np.clip(np.sqrt(TWICE * np.maximum(distance, 0.0)) - OFFSET - TOLERANCE, 0.0, FASTEST)


@pytest.mark.parametrize("dt", [0.001, 0.002, 0.005])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_commanded_joints_are_never_faster_than_that(sign: float, dt: float) -> None:
    bounds, q, dq = VelocityBounds(LIMITS, 0.15), HOME.copy(), np.zeros(7)
    for _ in range(round(6.0 / dt)):
        bounds.update(q, dq, None, dt)
        dq = bounds.upper.copy() if sign > 0 else bounds.lower.copy()
        assert (sign * dq <= allowed(q, sign) + 1e-9).all()
        q = q + dt * dq
    end = LIMITS.upper if sign > 0 else LIMITS.lower
    assert np.abs(q - end).max() < 0.03  # [rad] and they come near


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_whole_body_is_never_faster_than_that(sign: float) -> None:
    bounds, q, dq = BodyBounds(described("fr3"), ()), HOME.copy(), np.zeros(7)
    rest = len(bounds.speed) - 7  # fingers
    for _ in range(3000):
        bounds.update(np.append(q, np.zeros(rest)), np.append(dq, np.zeros(rest)), None, 0.002)
        dq = (bounds.upper if sign > 0 else bounds.lower)[:7].copy()
        assert (sign * dq <= allowed(q, sign) + 1e-9).all()
        q = q + 0.002 * dq
    assert np.abs(q - (LIMITS.upper if sign > 0 else LIMITS.lower)).max() < 0.03


@pytest.mark.parametrize("joint", range(7))
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_under_any_effort_the_arm_is_never_faster_than_that(joint: int, sign: float) -> None:
    model = arm_model(FR3, FR3.only_arm, CONFIG)
    barrier, gate = TorqueBarrier(model, LIMITS), EffortGate(LIMITS)
    arm = DelayedArm(model.clone(), HOME, command_delay=0.004, jitter=0.0025, damping=0.5, friction=0.1)
    over = -np.inf
    for _ in range(1500):
        q, dq = arm.measure()
        model.update(q, dq)
        tau = -5.0 * dq
        tau[joint] = sign * (2.0 * LIMITS.acceleration[joint] * model.M[joint, joint] + 1.5)
        barrier.apply(model, tau)
        gate.apply(tau, 0.002)
        arm.command(gate.effort)
        for _ in range(2):
            arm.step()
        over = max(over, float((sign * arm.dq - allowed(arm.q, sign))[joint]))
    assert over <= 0.0
    assert abs(arm.q[joint] - (LIMITS.upper if sign > 0 else LIMITS.lower)[joint]) < 0.1  # [rad] it got there


def test_what_falls_is_what_the_urdf_says() -> None:
    np.testing.assert_allclose(2.0 * LIMITS.deceleration, TWICE)
    np.testing.assert_allclose(LIMITS.velocity_offset, OFFSET)


def test_a_joint_whose_speed_does_not_fall_is_free_beside_one_whose_does() -> None:
    deceleration, offset = np.full(7, NO_LIMIT), np.zeros(7)
    deceleration[1], offset[1] = LIMITS.deceleration[1], LIMITS.velocity_offset[1]
    limits = replace(LIMITS, deceleration=deceleration, velocity_offset=offset)
    model = arm_model(FR3, FR3.only_arm, CONFIG)
    barrier = TorqueBarrier(model, limits)
    dq = np.zeros(7)
    dq[[0, 2, 5]] = 0.5  # [rad/s] far from all ends
    model.update(HOME, dq)
    wanted = model.coriolis.copy()
    tau = wanted.copy()
    barrier.apply(model, tau)
    np.testing.assert_array_equal(tau, wanted)

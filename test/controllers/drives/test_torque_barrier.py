# SPDX-License-Identifier: Apache-2.0
"""Range, speed and distance kept by the last change of the efforts, whatever asks for more."""

import numpy as np
import pytest
from arms.franka_arm import DT, HOME, franka_config, franka_limits, franka_model

from controllers.drives.torque_barrier import TorqueBarrier
from controllers.safety.clearance import Clearance
from controllers.safety.gate import EffortGate
from vla_ros.sim.delayed_arm import DelayedArm

LIMITS = franka_limits(franka_config())


def barrier() -> TorqueBarrier:
    return TorqueBarrier(franka_model(), LIMITS)


def changed(q, dq, tau, clearance: Clearance | None = None) -> np.ndarray:
    """Return the efforts that are let through for tau."""
    model, out = franka_model(), np.array(tau, float)
    model.update(np.array(q, float), np.array(dq, float))
    TorqueBarrier(model, LIMITS, clearance).apply(model, out)
    return out


def accelerations(q, dq, tau) -> np.ndarray:
    """Return q̈ under tau, by the same model, with half its friction."""
    model = franka_model()
    friction = 0.5 * (model.viscous_friction * dq + model.dry_friction * np.tanh(np.asarray(dq) / 0.02))
    return model.forward_dynamics(np.array(q, float), np.array(dq, float), tau - friction)


def test_away_from_every_bound_nothing_is_changed():
    tau = np.array([5.0, -8.0, 3.0, 10.0, -1.0, 2.0, 0.5])
    assert (changed(HOME, np.full(7, 0.2), tau) == tau).all()


@pytest.mark.parametrize("joint", range(7))
def test_a_joint_at_its_speed_is_held_there_and_the_others_move_as_they_would(joint):
    dq = np.zeros(7)
    dq[joint] = LIMITS.velocity[joint]
    tau = np.zeros(7)
    tau[joint] = 0.3 * LIMITS.effort[joint]
    kept = changed(HOME, dq, tau)
    assert accelerations(HOME, dq, tau)[joint] > 1.0
    assert accelerations(HOME, dq, kept)[joint] < 0.0
    others = np.arange(7) != joint
    assert np.allclose(kept[others], tau[others], atol=1e-6)  # an ideal stop acts on the joint that meets it alone


def test_a_joint_may_leave_the_end_of_its_range_and_not_approach_it():
    q = HOME.copy()
    q[3] = LIMITS.upper[3] - 0.001
    tau = np.zeros(7)
    tau[3] = -5.0
    assert np.allclose(changed(q, np.zeros(7), tau), tau)
    assert accelerations(q, np.zeros(7), changed(q, np.zeros(7), -tau))[3] < 0.0


def test_the_change_sets_in_without_a_step():
    q, tau = HOME, np.full(7, 4.0)
    efforts = []
    for speed in np.linspace(0.5, 1.1, 600):
        efforts.append(changed(q, speed * LIMITS.velocity, tau))
    steps = np.abs(np.diff(efforts, axis=0)).max(axis=1)
    assert np.abs(np.array(efforts[-1]) - tau).max() > 5.0  # [N·m]
    assert steps.max() < 0.5


def test_what_is_not_finite_is_left_to_the_gate():
    tau = np.full(7, np.nan)
    assert np.isnan(changed(HOME, 2.0 * LIMITS.velocity, tau)).all()


@pytest.mark.parametrize(("joint", "sign"), [(0, 1), (1, -1), (3, 1), (4, -1), (5, 1), (6, 1)])
def test_an_arm_without_end_stops_stays_in_range_and_speed_with_actuation_latency(joint, sign):
    model, last, gate = franka_model(), barrier(), EffortGate(LIMITS)
    arm = DelayedArm(franka_model(), HOME, command_delay=0.004, jitter=0.0025, damping=0.5, friction=0.1)
    speed, beyond, stays = 0.0, -np.inf, []
    for tick in range(800):
        q, dq = arm.measure()
        model.update(q, dq)
        tau = -5.0 * dq  # the others are damped
        tau[joint] = sign * (2.0 * LIMITS.acceleration[joint] * model.M[joint, joint] + 1.5)  # friction is 1.5 N·m
        last.apply(model, tau)
        gate.apply(tau, DT)
        arm.command(gate.effort)
        for _ in range(2):
            arm.step()
        speed = max(speed, (np.abs(arm.dq) / LIMITS.velocity).max())
        beyond = max(beyond, (LIMITS.lower - arm.q).max(), (arm.q - LIMITS.upper).max())
        if tick > 750:
            stays.append(gate.effort.copy())
    assert speed <= 1.0
    assert beyond <= 0.0
    end = (LIMITS.upper if sign > 0 else LIMITS.lower)[joint]
    assert abs(arm.q[joint] - end) < 0.15  # [rad] it got there
    assert np.abs(np.diff(stays, axis=0)).max() < 0.3  # [N·m] a tick: and leans there without chattering


def test_links_are_kept_apart_along_the_gradient_of_their_distance():
    gradient = np.array([[0.0, 0.1, 0.0, 0.2, 0.0, -0.1, 0.0]])  # [m/rad]
    clearance = Clearance(7)
    clearance.set(HOME, [0.005], gradient)
    dq = -0.5 * gradient[0] / np.linalg.norm(gradient)  # towards each other at 0.12 m/s
    tau = np.zeros(7)
    kept = changed(HOME, dq, tau, clearance)
    assert gradient[0] @ accelerations(HOME, dq, kept) > gradient[0] @ accelerations(HOME, dq, tau) + 1.0
    direction = kept / np.linalg.norm(kept)
    assert np.allclose(direction, gradient[0] / np.linalg.norm(gradient), atol=1e-6)
    assert (changed(HOME, -dq, tau, clearance) == tau).all()  # apart they may go


def test_range_goes_before_distance():
    q = HOME.copy()
    q[3] = LIMITS.upper[3] - 0.001
    gradient = np.zeros((1, 7))
    gradient[0, 3] = 0.2
    clearance = Clearance(7)
    clearance.set(q, [-0.05], gradient)  # far too near: the way out is beyond the range
    kept = changed(q, np.zeros(7), np.zeros(7), clearance)
    assert accelerations(q, np.zeros(7), kept)[3] <= 0.0

# SPDX-License-Identifier: Apache-2.0
"""Efforts as springs, and positions that are never faster than the joints may be."""

from __future__ import annotations

import numpy as np
import pytest
from arms.franka_arm import HOME, franka_model

from vla_ros.hardware.panda.arm import FIRM, SOFT, SPEED
from vla_ros.hardware.panda.joint_springs import Springs
from vla_ros.hardware.panda.position_stream import ACCELERATION, CATCH_UP_SPEED, PositionStream
from vla_ros.sim.delayed_arm import DelayedArm

DT = 0.001
# panda-py's own gains of a joint position.
STIFFER = Springs((600.0, 600.0, 600.0, 600.0, 250.0, 150.0, 50.0), (50.0, 50.0, 50.0, 20.0, 20.0, 20.0, 10.0))
FILTER = 1.0 / (1.0 + 1.0 / (2.0 * np.pi * 100.0 * DT))  # of libfranka, 100 Hz, each millisecond


def torque(springs: Springs, told: tuple[np.ndarray, np.ndarray], arm: DelayedArm) -> np.ndarray:
    place, velocity = told
    return np.array(springs.stiffness) * (place - arm.q) + np.array(springs.damping) * (velocity - arm.dq)


def test_springs_give_the_effort_they_were_told_at_500_commands_a_second_and_damp_a_little():
    arm = DelayedArm(franka_model(), HOME, damping=0.5, friction=0.1, timestep=DT)
    told, coming = SOFT.for_effort(np.zeros(7), arm.q, arm.dq), None
    off, work, fastest = [], 0.0, 0.0
    for tick in range(1200):
        tau = np.array([6.0, -4.0, 3.0, 4.0, 0.8, 0.6, 0.3]) * np.sin(tick * DT * 6.0)
        if coming is not None:
            told, coming = coming, None
        if tick % 2 == 0:
            coming = SOFT.for_effort(tau, arm.q, arm.dq)  # of which the loop knows a millisecond later
        given = torque(SOFT, told, arm)
        off.append(given - tau)
        work += float((given - tau) @ arm.dq) * DT
        fastest = max(fastest, np.abs(arm.dq).max())
        arm.command(given)
        arm.step()
    assert fastest > 0.5, "the arm did not move: nothing was shown"
    assert np.sqrt(np.mean(np.array(off) ** 2)) < 0.15  # of up to 6 N·m
    assert work < 0.0, "the springs put energy into the arm"


def test_a_forgotten_effort_ends_at_a_place():
    arm = DelayedArm(franka_model(), HOME, damping=0.5, friction=0.1, timestep=DT)
    tau = np.array([8.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.5])
    told = SOFT.for_effort(tau, arm.q, arm.dq)
    furthest = 0.0
    for _ in range(3000):
        arm.command(torque(SOFT, told, arm))
        arm.step()
        furthest = max(furthest, np.abs(arm.q - HOME).max())
    assert np.abs(arm.dq).max() < 1e-3
    np.testing.assert_allclose(arm.q - HOME, tau / np.array(SOFT.stiffness), atol=0.01)
    assert furthest < 1.6 * (tau / np.array(SOFT.stiffness)).max()


def held(springs: Springs, dq: np.ndarray, seconds: float = 1.5) -> DelayedArm:
    """Hold an arm that moves at dq (7,) [rad/s] through panda-py's and libfranka's limits."""
    arm = DelayedArm(franka_model(), HOME, command_delay=DT, damping=0.5, friction=0.1, timestep=DT)
    arm.dq = dq.copy()
    tau = np.zeros(7)
    for _ in range(round(seconds / DT)):
        wanted = torque(springs, (HOME, np.zeros(7)), arm)
        tau = tau + FILTER * np.clip(wanted - tau, -1.0, 1.0)  # [N·m] a millisecond, then the filter
        arm.command(tau)
        arm.step()
        if np.abs(arm.dq).max() > 10.0:
            break
    return arm


def test_an_arm_that_moves_is_brought_to_rest_through_the_torque_rate_that_panda_py_leaves():
    random = np.random.default_rng(0)
    swung = 0
    for _ in range(12):
        dq = random.uniform(-2.0, 2.0, 7)
        assert np.abs(held(FIRM, dq).dq).max() < 0.02
        swung += bool(np.abs(held(STIFFER, dq).dq).max() > 1.0)
    assert swung > 6, "panda-py's own gains would do: there is no need for softer ones"


def test_a_stream_is_passed_on_with_its_velocity():
    stream = PositionStream(HOME, 0.0, SPEED)
    for tick in range(1, 300):
        wanted = HOME + 0.5 * 0.002 * tick
        position, velocity = stream.update(0.002 * tick, wanted)
    np.testing.assert_allclose(position, wanted, atol=2e-3)
    np.testing.assert_allclose(velocity, 0.5, atol=0.02)


@pytest.mark.parametrize("pauses", [(), (0.1, 5.0), (0.05, 0.06, 0.07, 0.3)])
def test_a_leap_is_made_slowly_and_smoothly_and_a_pause_owes_nothing(pauses):
    stream = PositionStream(HOME, 0.0, SPEED)
    before, speed, now = HOME, np.zeros(7), 0.0
    for tick in range(1, 1500):
        dt = 0.002 + (pauses[tick // 40] if tick % 40 == 0 and tick // 40 < len(pauses) else 0.0)
        now += dt
        position, velocity = stream.update(now, HOME + 0.34)
        dt = min(dt, 0.02)
        assert np.all(np.abs(position - before) <= 1.2 * CATCH_UP_SPEED * dt + 1e-12)
        assert np.all(np.abs(velocity - speed) <= ACCELERATION * dt + 1e-12)
        before, speed = position, velocity
    np.testing.assert_allclose(position, HOME + 0.34, atol=1e-4)

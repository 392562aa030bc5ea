# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.spatial.transform import Rotation

from controllers.filters import CascadedFilter, PoseFilter, cascade_delay
from controllers.rotations import angle_between, compose_exp

steps = st.lists(st.floats(1e-4, 0.05), min_size=3, max_size=40)


def continuous_cascade(omega, times, inputs):
    """Integrate the three sections for an input that is linear between samples."""

    def slope(t, x):
        u = np.interp(t, times, inputs)
        return omega * np.array([u - x[0], x[0] - x[1], x[1] - x[2]])

    solution = solve_ivp(slope, (times[0], times[-1]), np.full(3, inputs[0]), t_eval=times, rtol=1e-10, atol=1e-12,
                         max_step=2e-3)  # fmt: skip
    return solution.y[2]


@settings(max_examples=20)
@given(steps, st.integers(0, 1000))
def test_exact_for_varying_dt(dts, seed):
    times = np.concatenate([[0.0], np.cumsum(dts)])
    inputs = np.random.default_rng(seed).normal(size=len(times))
    cascade = CascadedFilter(4.0, 1)
    cascade.reset(inputs[:1])
    outputs = [inputs[0]] + [cascade.step(u, dt)[0] for u, dt in zip(inputs[1:, None], dts, strict=True)]
    assert np.allclose(outputs, continuous_cascade(cascade.omega, times, inputs), atol=1e-6)


def test_dc_gain_is_one():
    cascade = CascadedFilter(5.0, 2)
    for _ in range(2000):
        cascade.step(np.array([1.0, -3.0]), 0.001)
    assert np.allclose(cascade.position, [1.0, -3.0], atol=1e-9)
    assert np.allclose(cascade.velocity, 0.0, atol=1e-9)


def test_step_response_never_overshoots_and_starts_gently():
    cascade = CascadedFilter(5.0, 1)
    response = np.array([cascade.step(np.ones(1), 0.001)[0] for _ in range(1500)])
    assert response.max() <= 1.0 + 1e-12
    assert (np.diff(response) >= -1e-12).all()
    acceleration = np.diff(response, 2) / 0.001**2
    assert abs(acceleration[0]) < 0.25 * np.abs(acceleration).max()


def test_minus_three_decibels_and_delay_are_as_documented():
    cutoff, dt = 5.0, 0.001
    for frequency, expected in ((0.51 * cutoff, np.sqrt(0.5)), (cutoff, 0.5**1.5)):
        cascade = CascadedFilter(cutoff, 1)
        t = np.arange(0.0, 4.0, dt)
        out = np.array([cascade.step(np.array([np.sin(2 * np.pi * frequency * s)]), dt)[0] for s in t])
        assert out[2000:].max() == pytest.approx(expected, rel=0.01)
    cascade = CascadedFilter(cutoff, 1)
    for k in range(1, 3000):
        cascade.step(np.array([2.0 * k * dt]), dt)
    assert cascade.position[0] == pytest.approx(2.0 * (2999 * dt - cascade_delay(cutoff)), abs=1e-9)
    assert cascade.velocity[0] == pytest.approx(2.0)


def test_derivatives_are_those_of_the_output():
    cascade = CascadedFilter(3.0, 1)
    t = np.arange(0.0, 2.0, 0.001)
    states = []
    for s in t:
        cascade.step(np.array([np.sin(3 * s) + s * s]), 0.001)
        states.append(cascade.output[:, 0].copy())
    states = np.array(states)
    assert np.allclose(np.gradient(states[:, 0], 0.001)[5:-5], states[5:-5, 1], atol=1e-3)
    assert np.allclose(np.gradient(states[:, 1], 0.001)[5:-5], states[5:-5, 2], atol=2e-2)


def test_reset_on_a_ramp_goes_on_without_a_transient():
    cascade = CascadedFilter(5.0, 1)
    cascade.reset(np.array([0.3]), np.array([0.7]))
    assert cascade.position[0] == pytest.approx(0.3)
    assert cascade.velocity[0] == pytest.approx(0.7)
    for k in range(1, 200):
        cascade.step(np.array([0.3 + 0.7 * (cascade.delay + 0.001 * k)]), 0.001)
    assert cascade.position[0] == pytest.approx(0.3 + 0.7 * 0.199)
    assert cascade.acceleration[0] == pytest.approx(0.0, abs=1e-8)


def test_no_time_no_motion():
    cascade = CascadedFilter(5.0, 1)
    cascade.step(np.ones(1), 0.0)
    cascade.step(np.ones(1), -1.0)
    assert cascade.position[0] == 0.0


def test_rotation_about_an_axis_is_the_scalar_filter():
    cascade, scalar, axis = PoseFilter(5.0), CascadedFilter(5.0, 1), np.array([0.6, 0.0, 0.8])
    cascade.reset(np.zeros(3), (0.0, 0.0, 0.0, 1.0))
    random = np.random.default_rng(2)
    angle = 0.0
    for dt in random.uniform(0.0005, 0.004, 1500):
        angle += 1.5 * dt
        target = compose_exp((0.0, 0.0, 0.0, 1.0), tuple(axis * angle))
        cascade.step(np.zeros(3), target, dt)
        scalar.step(np.array([angle]), dt)
        expected = compose_exp((0.0, 0.0, 0.0, 1.0), tuple(axis * scalar.position[0]))
        assert angle_between(cascade.quaternion, expected) < 1e-6
    assert np.allclose(cascade.twist[3:], axis * scalar.velocity[0], atol=1e-6)
    assert np.allclose(cascade.acceleration[3:], axis * scalar.acceleration[0], atol=1e-5)


def test_rotation_step_does_not_overshoot_and_converges():
    cascade = PoseFilter(5.0)
    start = (0.0, 0.0, 0.0, 1.0)
    goal = tuple(Rotation.from_rotvec([1.0, -0.8, 1.5]).as_quat())
    cascade.reset(np.zeros(3), start)
    whole = angle_between(start, goal)
    covered = []
    for _ in range(1000):
        cascade.step(np.zeros(3), goal, 0.001)
        covered.append(angle_between(start, cascade.quaternion))
    assert max(covered) <= whole + 1e-6
    assert (np.diff(covered) > -1e-9).all()
    assert angle_between(cascade.quaternion, goal) < 1e-4


def test_rotation_twist_is_the_derivative_of_the_output():
    cascade = PoseFilter(4.0)
    cascade.reset(np.zeros(3), (0.0, 0.0, 0.0, 1.0))
    previous = None
    for k in range(800):
        t = 0.001 * k
        target = tuple(Rotation.from_rotvec([0.8 * np.sin(2 * t), 0.5 * np.sin(3 * t), 0.7 * t]).as_quat())
        cascade.step(np.array([t, 0.0, 0.0]), target, 0.001)
        now = Rotation.from_quat(cascade.quaternion)
        if previous is not None and k > 50:
            rate = (now * previous.inv()).as_rotvec() / 0.001
            assert np.allclose(rate, cascade.twist[3:], atol=0.02)
        previous = now


def test_hemisphere_of_the_target_does_not_matter():
    one, other = PoseFilter(5.0), PoseFilter(5.0)
    goal = tuple(Rotation.from_rotvec([0.3, 0.4, -0.2]).as_quat())
    for _ in range(100):
        one.step(np.zeros(3), goal, 0.002)
        other.step(np.zeros(3), tuple(-x for x in goal), 0.002)
    assert np.allclose(one.quaternion, other.quaternion, atol=1e-12)

# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from controllers.chunks.spline import Spline, basis_row, start_control_points


def random_spline(seed: int = 0, segments: int = 7) -> Spline:
    return Spline(np.random.default_rng(seed).normal(size=(segments + 3, 4)), 1.4)


def sample(spline: Spline, x: float) -> np.ndarray:
    out, powers = np.zeros(spline.control_points.shape[1]), np.zeros(4)
    spline.sample(x, powers, out)
    return out


def test_continuous_to_second_order_at_every_knot():
    spline = random_spline()
    for knot in spline.step * np.arange(1, spline.segments):
        before, after = spline.derivatives(knot - 1e-9), spline.derivatives(knot + 1e-9)
        assert np.allclose(before, after, atol=1e-4)


def test_derivatives_are_derivatives():
    spline, h = random_spline(), 1e-5
    for x in (0.11, 0.5, 1.3):
        value, velocity, acceleration = spline.derivatives(x)
        assert np.allclose(sample(spline, x), value)
        assert np.allclose((sample(spline, x + h) - sample(spline, x - h)) / (2 * h), velocity, atol=1e-5)
        slope = (spline.derivatives(x + h)[1] - spline.derivatives(x - h)[1]) / (2 * h)
        assert np.allclose(slope, acceleration, atol=1e-4)


def test_outside_the_ends_are_held():
    spline = random_spline()
    assert np.allclose(sample(spline, -5.0), sample(spline, 0.0))
    assert np.allclose(sample(spline, 99.0), spline.derivatives(1.4 - 1e-12)[0])
    assert np.allclose(spline.derivatives(99.0)[1:], 0.0)


def test_start_points_give_the_asked_state():
    start = np.random.default_rng(1).normal(size=(3, 4))
    points = np.zeros((10, 4))
    points[:3] = start_control_points(start, 0.2)
    assert np.allclose(Spline(points, 1.4).derivatives(0.0), start)


def test_basis_rows_reproduce_the_spline():
    spline = random_spline()
    times = np.array([0.0, 0.33, 0.9, 1.4])
    values = basis_row(times, spline.step, spline.segments) @ spline.control_points
    assert np.allclose(values, [spline.derivatives(t)[0] for t in times])
    assert basis_row(times, spline.step, spline.segments).sum(axis=1) == pytest.approx(1.0)


def test_speeds_are_the_largest_seen():
    spline = random_spline()
    speed, acceleration = (np.abs(peak).max(axis=0) for peak in spline.peaks())
    states = np.array([spline.derivatives(x) for x in np.linspace(0, 1.4 - 1e-9, 500)])
    assert np.allclose(np.abs(states[:, 2]).max(axis=0), acceleration, rtol=0.05)
    assert np.allclose(np.abs(states[:, 1]).max(axis=0), speed, rtol=0.1)

# SPDX-License-Identifier: Apache-2.0
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.chunks.stitching import MotionBounds, brake, stitch, stitch_within

TUNING = {"spacing": 0.1, "blend": 0.15, "smoothing": 1e-3}
floats = st.floats(-1.0, 1.0)


@settings(max_examples=50)
@given(
    st.lists(st.tuples(floats, floats), min_size=3, max_size=3),
    st.lists(st.tuples(floats, floats), min_size=1, max_size=40),
)
def test_starts_where_it_is_told_and_ends_at_rest(start, points):
    start, points = np.array(start), np.array(points)
    times = 0.1 * np.arange(1, len(points) + 1)
    spline = stitch(start, times, points, times[-1] + 0.1, **TUNING)
    assert np.allclose(spline.derivatives(0.0), start, atol=1e-9)
    end = spline.derivatives(spline.duration - 1e-12)
    assert np.allclose(end[0], points[-1], atol=1e-9)
    assert np.allclose(end[1:], 0.0, atol=1e-5)
    grid = np.linspace(0.0, spline.duration - 1e-9, 400)
    states = np.array([spline.derivatives(x) for x in grid])
    assert np.isfinite(states).all()
    assert np.abs(np.diff(states[:, 1], axis=0)).max() < 1.1 * (grid[1] - grid[0]) * np.abs(states[:, 2]).max() + 1e-9


def test_later_points_are_met():
    times = 0.1 * np.arange(1, 11)
    points = np.stack([np.sin(times), 0.3 * times], axis=1)
    start = np.array([[0.02, 0.0], [0.9, 0.4], [0.0, 0.0]])  # off the path by 2 cm and 0.1 /s
    spline = stitch(start, times, points, 1.2, **TUNING)
    met = np.array([spline.derivatives(t)[0] for t in times[4:-1]])
    assert np.abs(met - points[4:-1]).max() < 2e-3


def test_less_jerk_than_going_straight_to_the_points():
    times = 0.1 * np.arange(1, 9)
    points = 0.4 * times[:, None]
    start = np.array([[0.03], [0.4], [0.0]])
    soft = stitch(start, times, points, 0.9, **TUNING)
    hard = stitch(start, times, points, 0.9, spacing=0.1, blend=0.0, smoothing=1e-9)

    def jerk(spline):
        return np.abs(np.diff(spline.control_points, 3, axis=0)).max() / spline.step**3

    assert jerk(soft) < 0.7 * jerk(hard)


@given(st.floats(-1.0, 1.0), st.floats(-3.0, 3.0))
def test_brake_stops_without_turning_back_far(velocity, acceleration):
    start = np.array([[0.5], [velocity], [acceleration]])
    spline = brake(start, 0.2)
    assert np.allclose(spline.derivatives(0.0), start, atol=1e-9)
    assert np.allclose(spline.derivatives(0.2 - 1e-12)[1:], 0.0, atol=1e-5)
    travelled = abs(spline.derivatives(0.2)[0, 0] - 0.5)
    assert travelled <= 0.1 * abs(velocity) + 0.0034 * abs(acceleration) + 1e-9


def test_limits_slow_the_motion_down_instead_of_jerking():
    start = np.zeros((3, 1))
    times = np.array([0.1, 0.2])
    bounds = MotionBounds(np.array([0.8]), np.array([6.0]))
    spline, stretch = stitch_within(start, times, np.array([[0.2], [0.5]]), 0.3, bounds, **TUNING)
    speed, acceleration = (np.abs(peak).max(axis=0) for peak in spline.peaks())
    assert stretch > 1.5
    assert speed[0] < 0.9
    assert acceleration[0] < 7.0
    assert spline.derivatives(spline.duration)[0, 0] == pytest.approx(0.5)


def test_thousand_points_are_planned_in_bounded_size():
    times = 0.02 * np.arange(1, 1001)
    points = np.stack([np.sin(0.5 * times), np.cos(0.5 * times)], axis=1)
    began = time.perf_counter()
    spline = stitch(np.array([[0.0, 1.0], [0.5, 0.0], [0.0, 0.0]]), times, points, 20.1, spacing=0.02, blend=0.15,
                    smoothing=1e-3)  # fmt: skip
    assert time.perf_counter() - began < 1.0
    assert spline.segments <= 64
    met = np.array([spline.derivatives(t)[0] for t in times[100:-100]])
    assert np.abs(met - points[100:-100]).max() < 2e-3


def test_joint_speeds_slow_the_motion_down_too():
    start, times = np.zeros((3, 2)), np.array([0.1, 0.2, 0.3])
    line = np.outer(times, [0.3, 0.0])
    wide = MotionBounds(np.full(2, 10.0), np.full(2, 100.0))
    near_singular = MotionBounds(wide.speed, wide.acceleration, np.array([[5.0, 0.0], [0.0, 1.0]]))
    _, free = stitch_within(start, times, line, 0.4, wide, **TUNING)
    spline, stretch = stitch_within(start, times, line, 0.4, near_singular, **TUNING)
    assert free == 1.0
    assert stretch > 1.2
    assert near_singular.excess(spline) < 1.05

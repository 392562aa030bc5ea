# SPDX-License-Identifier: Apache-2.0
"""The band: successes leave it as often as was said, whatever their curves look like."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from controllers.errors import ConfigError
from vla_ros.failure_detection.conformal import FunctionalBand, calibrate, conformal_rank, least_alpha, padded


def walks(rng: np.random.Generator, count: int, steps: int = 20) -> np.ndarray:
    """Return curves that are heavy-tailed, skewed and correlated in time: no band by standard deviations holds them."""
    return rng.standard_t(3.0, (count, steps)).cumsum(axis=1) ** 2 + rng.exponential(1.0, (count, 1))


@pytest.mark.parametrize(("alpha", "count"), [(0.1, 30), (0.2, 13), (0.05, 60)])
def test_a_new_success_leaves_the_band_as_often_as_was_said(alpha: float, count: int) -> None:
    rng = np.random.default_rng(3)
    trials, alarms = 1500, 0
    for _ in range(trials):
        curves = walks(rng, count + 1)
        band = calibrate(curves[:-1], alpha, rng)
        alarms += band.first_alarm(curves[-1]) is not None
    rest = count - round(0.3 * count)
    exact = 1.0 - conformal_rank(rest, alpha) / (rest + 1)  # of curves of which no two are equal
    assert alpha - 1.0 / (rest + 1) <= exact <= alpha
    assert binomtest(alarms, trials, exact).pvalue > 1e-3


def test_a_band_by_the_largest_curve_of_few_holds_too_little() -> None:
    """What the test above would find: without the split, a band around its own curves promises too much."""
    rng = np.random.default_rng(4)
    alarms = 0
    for _ in range(600):
        curves = walks(rng, 11)
        mean, std = curves[:-1].mean(axis=0), curves[:-1].std(axis=0)
        alarms += bool((curves[-1] > mean + 1.28 * std).any())
    assert binomtest(alarms, 600, 0.1).pvalue < 1e-6


def test_too_few_curves_for_a_level_raise_no_alarm_ever() -> None:
    band = calibrate(walks(np.random.default_rng(0), 8), 0.1, np.random.default_rng(0))
    assert band.radius == np.inf
    assert band.first_alarm(np.full(20, 1e9)) is None


@pytest.mark.parametrize("count", [2, 5, 8, 13, 30])
def test_from_the_least_level_on_alarms_are_possible(count: int) -> None:
    curves = walks(np.random.default_rng(0), count)
    least = least_alpha(count)
    assert calibrate(curves, least, np.random.default_rng(0)).radius < np.inf
    assert calibrate(curves, 0.98 * least, np.random.default_rng(0)).radius == np.inf


def test_curves_that_all_agree_make_a_band() -> None:
    band = calibrate(np.ones((20, 5)), 0.2, np.random.default_rng(0))
    assert band.first_alarm(np.ones(5)) is None
    assert band.first_alarm(np.array([1.0, 1.0, 1.1, 1.0, 1.0])) == 2


def test_past_its_end_a_band_stays_what_it_is_there() -> None:
    band = FunctionalBand(np.array([0.0, 1.0]), np.array([1.0, 1.0]), 2.0)
    np.testing.assert_array_equal(band.upper(4), [2.0, 3.0, 3.0, 3.0])
    assert band.first_alarm(np.array([0.0, 0.0, 0.0, 3.5])) == 3
    assert band.first_alarm(np.array([2.0, 3.0])) is None


def test_curves_go_on_as_they_ended() -> None:
    made = padded([np.array([1.0, 2.0]), np.array([3.0])], 3)
    np.testing.assert_array_equal(made, [[1.0, 2.0, 2.0], [3.0, 3.0, 3.0]])


@pytest.mark.parametrize(("curves", "alpha", "message"), [
    (np.ones((5, 3)), 0.0, "alpha must lie between 0 and 1, got 0.0"),
    (np.ones((5, 3)), 1.0, "alpha must lie between 0 and 1, got 1.0"),
    (np.ones((1, 3)), 0.1, "2 successful roll-outs at least, got 1"),
])  # fmt: skip
def test_what_makes_no_band_is_one_line(curves: np.ndarray, alpha: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        calibrate(curves, alpha, np.random.default_rng(0))

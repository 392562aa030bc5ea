# SPDX-License-Identifier: Apache-2.0
"""Order and calibration of scores, against definitions and SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from vla_ros.training.gam.calibration_plot import draw_calibration
from vla_ros.training.gam.score_quality import area_under_curve, calibration, is_binary, most_spearman, spearman


def test_rank_correlation_is_that_of_scipy_with_ties() -> None:
    rng = np.random.default_rng(0)
    scores, labels = rng.random(200).round(1), rng.random(200).round(1)
    assert spearman(scores, labels) == pytest.approx(spearmanr(scores, labels).statistic)
    assert spearman(labels**3, labels) == pytest.approx(1.0)
    assert np.isnan(spearman(np.ones(5), labels[:5]))


def test_no_order_without_ties_correlates_more_than_the_perfect_one() -> None:
    few = np.r_[np.zeros(90), np.ones(10)]
    assert most_spearman(few) == pytest.approx(np.sqrt(3.0 * 0.1 * 0.9), abs=1e-4)  # sqrt(3 p (1 - p)), N large
    assert most_spearman(np.arange(9.0)) == pytest.approx(1.0)
    assert np.isnan(most_spearman(np.zeros(4)))
    rng = np.random.default_rng(3)
    labels = np.maximum(rng.normal(size=60), 0.0)  # half of them 0, as of what seals
    most = most_spearman(rng.permutation(labels))
    assert spearman(labels + 1e-6 * rng.random(60), labels) == pytest.approx(most, abs=0.01)
    assert all(spearman(rng.permutation(60), labels) < most for _ in range(100))


def test_area_is_the_share_of_pairs_in_order() -> None:
    rng = np.random.default_rng(1)
    scores, labels = rng.random(60).round(1), rng.integers(0, 2, 60).astype(float)
    pairs = scores[labels == 1.0][:, None] - scores[labels == 0.0]
    assert area_under_curve(scores, labels) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())
    assert np.isnan(area_under_curve(scores, np.ones(60)))


def test_scores_that_are_probabilities_are_calibrated_and_bold_ones_are_not() -> None:
    rng = np.random.default_rng(2)
    scores = rng.random(50_000)
    labels = (rng.random(50_000) < scores).astype(float)
    assert calibration(scores, labels).error < 0.01
    bold = np.where(scores > 0.5, 0.95, 0.05)
    assert calibration(bold, labels).error == pytest.approx(0.2, abs=0.01)
    assert calibration(np.array([1.0]), np.array([1.0])).error == 0.0
    assert is_binary(labels)
    assert not is_binary(scores)


def test_a_picture_has_a_panel_for_any_number_of_criteria() -> None:
    pairs = {f"criterion {number}": np.random.default_rng(0).random((2, 30)) for number in range(5)}
    assert draw_calibration(pairs).startswith(b"\x89PNG")

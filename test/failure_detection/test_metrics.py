# SPDX-License-Identifier: Apache-2.0
"""Figures of scores: areas by counting pairs, shares and times by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vla_ros.failure_detection.conformal import FunctionalBand
from vla_ros.failure_detection.metrics import auc_interval, band_figures, roc_auc


def test_the_area_is_how_often_a_failure_scores_higher() -> None:
    rng = np.random.default_rng(0)
    scores, failed = rng.integers(0, 6, 40).astype(float), rng.random(40) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[failed] for b in scores[~failed]]
    assert roc_auc(scores, failed) == pytest.approx(np.mean(pairs))
    assert roc_auc(np.arange(4.0), np.array([False, False, True, True])) == 1.0
    assert roc_auc(np.ones(4), np.array([False, True, True, False])) == 0.5
    assert np.isnan(roc_auc(np.ones(3), np.array([True] * 3)))


def test_the_interval_of_an_area_holds_it_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(400):
        scores = np.concatenate([rng.normal(1.0, 1.0, 25), rng.normal(0.0, 1.0, 35)])
        low, high = auc_interval(roc_auc(scores, np.arange(60) < 25), 25, 35)
        inside += low <= 0.7602 <= high  # Φ(1/√2)
    assert 0.91 <= inside / 400 <= 0.985


def test_alarms_are_counted_and_timed() -> None:
    band = FunctionalBand(np.zeros(3), np.ones(3), 1.0)
    curves = [np.array([0.0, 2.0, 0.0]), np.array([0.0, 0.0]), np.array([2.0, 0.0]), np.array([0.5])]
    times = [np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.array([0.0])]
    failed = np.array([True, True, False, False])
    figures = band_figures(band, curves, times, np.array([4.0, 3.0, 3.0, 3.0]), failed)
    assert (figures.detected, figures.false_alarms) == (0.5, 0.5)
    assert figures.detection_time == pytest.approx((0.25 + 1.0) / 2)
    assert figures.balanced_accuracy == 0.5

# SPDX-License-Identifier: Apache-2.0
"""How well scores agree with labels: order (Spearman, area under the ROC curve) and calibration. NumPy alone.

Shape legend: N candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

BINS = 10  # of scores, equally wide


@dataclass(frozen=True, eq=False)
class Calibration:
    """What is true where something is scored: of each bin that has a score."""

    scores: np.ndarray  # mean of each bin
    labels: np.ndarray  # likewise
    counts: np.ndarray

    @property
    def error(self) -> float:
        """Return the expected calibration error: the mean distance of labels from scores, by how often."""
        return float((np.abs(self.scores - self.labels) * self.counts).sum() / max(self.counts.sum(), 1))


def calibration(scores: np.ndarray, labels: np.ndarray) -> Calibration:
    """Return the calibration of scores (N,), 0 to 1, by labels (N,), 0 to 1."""
    bins = np.minimum((scores * BINS).astype(int), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    there = counts > 0
    sums = (np.bincount(bins, weights=values, minlength=BINS)[there] for values in (scores, labels))
    mean_scores, mean_labels = (each / counts[there] for each in sums)
    return Calibration(mean_scores, mean_labels, counts[there])


def spearman(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return Spearman's rank correlation, ties by their mean rank; NaN where either is the same for all."""
    ranks = np.stack([rankdata(scores), rankdata(labels)])
    deviations = ranks - ranks.mean(axis=1, keepdims=True)
    scale = np.sqrt((deviations**2).sum(axis=1).prod())
    return float((deviations[0] * deviations[1]).sum() / scale) if scale > 0.0 else float("nan")


def most_spearman(labels: np.ndarray) -> float:
    """Return the rank correlation of a perfect order in which no two scores are the same.

    Below 1 where labels are tied: a tenth of 1 and the rest 0 leaves 0.52. NaN where all are the same.
    """
    return spearman(np.arange(len(labels)), np.sort(labels))


def area_under_curve(scores: np.ndarray, labels: np.ndarray) -> float:
    """Return how often a candidate of label 1 is scored above one of label 0, ties as half; NaN without both."""
    good = labels > 0.5
    pairs = int(good.sum()) * int((~good).sum())
    if not pairs:
        return float("nan")
    least = good.sum() * (good.sum() + 1) / 2.0
    return float((rankdata(scores)[good].sum() - least) / pairs)


def is_binary(labels: np.ndarray) -> bool:
    """Say whether labels are 0 and 1 alone."""
    return bool(np.isin(labels, (0.0, 1.0)).all())

# SPDX-License-Identifier: Apache-2.0
"""How well scores tell failures from successes, and how early. A failure is the positive class.

Shape legend: N roll-outs, T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from vla_ros.failure_detection.conformal import FunctionalBand


def roc_auc(scores: np.ndarray, failed: np.ndarray) -> float:
    """Return the area under the ROC curve of scores (N,): how often a failure scores higher than a success.

    Ties count half (Mann and Whitney's U); NaN without both classes.
    """
    failures, successes = int(failed.sum()), int((~failed).sum())
    if not failures or not successes:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[failed].sum() - failures * (failures + 1) / 2) / (failures * successes))


def auc_interval(auc: float, failures: int, successes: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """Return the 95 % interval of an AUC after Hanley and McNeil (1982), within 0 to 1; NaN for NaN."""
    if not np.isfinite(auc):
        return float("nan"), float("nan")
    q1, q2 = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    variance = auc * (1 - auc) + (failures - 1) * (q1 - auc**2) + (successes - 1) * (q2 - auc**2)
    half = z * np.sqrt(max(variance, 0.0) / (failures * successes))
    return max(0.0, auc - half), min(1.0, auc + half)


@dataclass(frozen=True)
class BandFigures:
    """What alarms at a band come to; NaN where there is none of the class."""

    detected: float  # share of failures with an alarm
    false_alarms: float  # share of successes with one
    detection_time: float  # of failures: first alarm as a share of the episode, 1 where there is none

    @property
    def balanced_accuracy(self) -> float:
        """Return the mean of the shares of failures and of successes that are judged rightly."""
        return 0.5 * (self.detected + 1.0 - self.false_alarms)


def band_figures(
    band: FunctionalBand,
    curves: Sequence[np.ndarray],
    times: Sequence[np.ndarray],
    ends: np.ndarray,
    failed: np.ndarray,
) -> BandFigures:
    """Return what a band makes of curves of scores (T,) at times (T,) [s] since the start, of episodes of `ends` (N,)
    [s].
    """
    alarms = [band.first_alarm(curve) for curve in curves]
    raised = np.array([alarm is not None for alarm in alarms], bool)
    when = [
        1.0 if alarm is None else min(1.0, float(time[alarm]) / end)
        for alarm, time, end in zip(alarms, times, ends, strict=True)
    ]
    return BandFigures(_mean(raised[failed]), _mean(raised[~failed]), _mean(np.array(when)[failed]))


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")

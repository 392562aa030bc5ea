# SPDX-License-Identifier: Apache-2.0
"""What a detector is worth on tasks that it has never seen.

Two bands are asked. The *usual* one is calibrated on successes of the training tasks, as SAFE does and as a robot would
have it: nothing guarantees its false alarms on other tasks. The *own* one is calibrated on half of the successes of the
held-out tasks and judged on the other half: there false alarms must come to the nominal level at most, on average.
Shape legend: T steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.failure_detection.conformal import calibrate, padded
from vla_ros.failure_detection.detector import SCORES, FailureDetector
from vla_ros.failure_detection.metrics import BandFigures, auc_interval, band_figures, roc_auc
from vla_ros.failure_detection.rollout import RecordedRollout
from vla_ros.seed_range import check_seed


@dataclass(frozen=True)
class ScoreFigures:
    """One score's figures; of bands the mean over the calibration splits."""

    auc: float  # of the largest score until each roll-out's end
    auc_low: float
    auc_high: float
    auc_early: float  # of the largest score until the first roll-out ended: the same time for all
    usual: BandFigures
    own: BandFigures
    own_false_alarms_std: float  # over the splits


@dataclass(frozen=True)
class DetectorFigures:
    """A detector on held-out tasks."""

    successes: int
    failures: int
    steps_early: int  # until the first roll-out ended
    early_s: float  # [s] that is
    alpha: float
    splits: int
    calibration: int  # successes of the training tasks that the usual band is made of
    scores: dict[str, ScoreFigures]


def held_out(detector: FailureDetector, rollouts: Sequence[RecordedRollout]) -> list[RecordedRollout]:
    """Return the roll-outs of tasks that the detector has never seen. Raises ConfigError for too few."""
    detector.check(rollouts)
    known = set(detector.config.rollouts)
    found = [r for r in rollouts if detector.hold_out.holds(r) and r.episode.key not in known]
    successes = sum(rollout.success for rollout in found)
    if successes < 4 or successes == len(found):
        raise ConfigError(
            f"of {detector.config.hold_out}, which the detector never saw, there are {successes} successes and "
            f"{len(found) - successes} failures here: 4 and 1 at least: record more with `vla eval --features`"
        )
    return found


def evaluate_detector(
    detector: FailureDetector, rollouts: Sequence[RecordedRollout], alpha: float, splits: int, seed: int = 0
) -> DetectorFigures:
    """Return the figures of all scores on the held-out ones among some roll-outs. Raises ConfigError."""
    if not 1 <= splits <= 10_000:
        raise ConfigError(f"--splits must be 1 to 10000, got {splits}")
    check_seed(seed)
    found = held_out(detector, rollouts)
    failed = np.array([not rollout.success for rollout in found])
    early = min(len(rollout.times) for rollout in found)
    scores = {name: _score_figures(detector, name, found, failed, early, alpha, splits, seed) for name in SCORES}
    return DetectorFigures(
        successes=int((~failed).sum()),
        failures=int(failed.sum()),
        steps_early=early,
        early_s=float(np.median([rollout.times[early - 1] - rollout.times[0] for rollout in found])),
        alpha=alpha,
        splits=splits,
        calibration=detector.config.calibration[0],
        scores=scores,
    )


def _score_figures(
    detector: FailureDetector,
    name: str,
    rollouts: Sequence[RecordedRollout],
    failed: np.ndarray,
    early: int,
    alpha: float,
    splits: int,
    seed: int,
) -> ScoreFigures:
    curves = detector.score(name, rollouts)
    times = [rollout.times - rollout.times[0] for rollout in rollouts]
    ends = np.array([max(rollout.episode.duration_s - rollout.times[0], 1e-9) for rollout in rollouts])
    auc = roc_auc(np.array([curve.max() for curve in curves]), failed)
    low, high = auc_interval(auc, int(failed.sum()), int((~failed).sum()))
    usual, own = [], []
    successes = np.flatnonzero(~failed)
    steps = max(map(len, curves))
    for number in range(splits):
        rng = np.random.default_rng([seed, number])
        band = calibrate(detector.usual(name), alpha, rng)
        usual.append(band_figures(band, curves, times, ends, failed))
        order = rng.permutation(successes)
        half = len(order) // 2
        band = calibrate(padded([curves[i] for i in order[:half]], steps), alpha, rng)
        chosen = np.sort(np.concatenate([order[half:], np.flatnonzero(failed)]))
        own.append(
            band_figures(band, [curves[i] for i in chosen], [times[i] for i in chosen], ends[chosen], failed[chosen])
        )
    return ScoreFigures(
        auc=auc,
        auc_low=low,
        auc_high=high,
        auc_early=roc_auc(np.array([curve[:early].max() for curve in curves]), failed),
        usual=_mean(usual),
        own=_mean(own),
        own_false_alarms_std=float(np.std([figures.false_alarms for figures in own])),
    )


def _mean(figures: Sequence[BandFigures]) -> BandFigures:
    def mean(name: str) -> float:
        return float(np.mean([getattr(one, name) for one in figures]))

    return BandFigures(mean("detected"), mean("false_alarms"), mean("detection_time"))

# SPDX-License-Identifier: Apache-2.0
"""Show what a detector came to: a table for a person, figures for a file."""

from __future__ import annotations

import math
from collections.abc import Mapping

from rich.console import Console

from vla_ros.failure_detection.conformal import least_alpha
from vla_ros.failure_detection.evaluating import DetectorFigures
from vla_ros.failure_detection.metrics import BandFigures
from vla_ros.failure_detection.training import TrainedHead
from vla_ros.tables import print_table

NAMES = {
    "lstm": "SAFE-LSTM",
    "mlp": "SAFE-MLP",
    "mahalanobis": "Mahalanobis distance",
    "neighbours": "nearest neighbours",
    "disagreement": "chunk disagreement",
    "doubt": "doubt about the object",
    "time": "elapsed time",
}


def print_training(trained: Mapping[str, TrainedHead], counts: Mapping[str, tuple[int, int]], console: Console) -> None:
    """Print what was learned from, and when each head was stopped."""
    rows = [(part, str(successes), str(failures)) for part, (successes, failures) in counts.items()]
    print_table(console, ("roll-outs", "successes", "failures"), rows)
    heads = [
        (NAMES[name], str(head.best_epoch), str(head.epochs), f"{head.loss:.3f}") for name, head in trained.items()
    ]
    print_table(console, ("head", "best epoch", "epochs", "loss there"), heads)


def print_figures(figures: DetectorFigures, hold_out: str, console: Console) -> None:
    """Print a line a score."""
    rows = []
    for name, score in figures.scores.items():
        rows.append(
            (
                NAMES[name],
                f"{_number(score.auc)} ({_number(score.auc_low)} to {_number(score.auc_high)})",
                _number(score.auc_early),
                _number(score.usual.balanced_accuracy),
                _number(score.usual.detection_time),
                _percent(score.usual.false_alarms),
                _number(score.own.balanced_accuracy),
                _number(score.own.detection_time),
                f"{_percent(score.own.false_alarms)} ± {100 * score.own_false_alarms_std:.0f}",
            )
        )
    headings = (
        "score",
        "ROC-AUC (95 %)",
        f"AUC at {figures.early_s:.1f} s",
        "usual: bal. accuracy",
        "usual: detected at",
        "usual: false alarms",
        "own: bal. accuracy",
        "own: detected at",
        "own: false alarms",
    )
    title = (
        f"{figures.successes} successes and {figures.failures} failures of {hold_out}, never trained on; bands for "
        f"{100 * figures.alpha:g} % false alarms, mean of {figures.splits} splits"
    )
    print_table(console, headings, rows, title)
    console.print(
        f"usual: calibrated on {figures.calibration} successes of the training tasks; own: on half of the held-out "
        "ones. detected at: first alarm of a failure as a share of its episode, 1 for none.",
        markup=False,
    )
    for line in _too_few(figures):
        console.print(line, style="bold", markup=False)


def _too_few(figures: DetectorFigures) -> list[str]:
    """Return a line for each band that has too few curves for its level."""
    bands = {"usual": figures.calibration, "own": figures.successes // 2}
    return [
        f"{name}: no alarm is possible at this level with {count} successes to calibrate with; take "
        f"--alpha {math.ceil(100 * least_alpha(count)) / 100:g}, or record more"
        for name, count in bands.items()
        if figures.alpha < least_alpha(count) - 1e-9
    ]


def flat_figures(figures: DetectorFigures) -> dict[str, float | int | None]:
    """Return name → number for a JSON file; null for what there is none of."""
    flat: dict[str, float | int | None] = {
        name: getattr(figures, name)
        for name in ("successes", "failures", "steps_early", "early_s", "alpha", "splits", "calibration")
    }
    for name, score in figures.scores.items():
        values = {
            "auc": score.auc,
            "auc_ci95_low": score.auc_low,
            "auc_ci95_high": score.auc_high,
            "auc_early": score.auc_early,
            **_band("usual", score.usual),
            **_band("own", score.own),
            "own_false_alarms_std": score.own_false_alarms_std,
        }
        flat |= {f"{name}_{key}": value if math.isfinite(value) else None for key, value in values.items()}
    return flat


def _band(prefix: str, figures: BandFigures) -> dict[str, float]:
    return {
        f"{prefix}_balanced_accuracy": figures.balanced_accuracy,
        f"{prefix}_detected": figures.detected,
        f"{prefix}_false_alarms": figures.false_alarms,
        f"{prefix}_detection_time": figures.detection_time,
    }


def _number(value: float) -> str:
    return f"{value:.2f}" if math.isfinite(value) else "–"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %" if math.isfinite(value) else "–"

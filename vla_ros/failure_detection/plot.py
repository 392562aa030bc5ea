# SPDX-License-Identifier: Apache-2.0
"""A picture of a detector on held-out tasks: every roll-out's score over time, and the band that says what is usual."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vla_ros.failure_detection.detector import SCORES, FailureDetector
from vla_ros.failure_detection.report import NAMES
from vla_ros.failure_detection.rollout import RecordedRollout

matplotlib.use("agg")
WIDTH, ROW, COLUMNS = 11.0, 2.8, 2  # [in], [in], panels
SUCCESS, FAILURE, BAND = "#1f4fd8", "#c62828", "#222222"


def draw(detector: FailureDetector, rollouts: Sequence[RecordedRollout], alpha: float) -> bytes:
    """Return a PNG with a panel for each score."""
    with rc_context({"text.parse_math": False}):
        rows = -(-len(SCORES) // COLUMNS)
        figure = Figure(figsize=(WIDTH, ROW * rows), dpi=100, layout="constrained")
        panels = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
        for axes, name in zip(panels, SCORES, strict=False):
            _draw_score(axes, detector, name, rollouts, alpha)
        for axes in panels[len(SCORES) :]:
            axes.set_axis_off()
        panels[0].legend(fontsize=8, loc="upper left")
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _draw_score(
    axes: Axes, detector: FailureDetector, name: str, rollouts: Sequence[RecordedRollout], alpha: float
) -> None:
    curves, band = detector.score(name, rollouts), detector.band(name, alpha)
    named: set[str] = set()
    for curve, rollout in zip(curves, rollouts, strict=True):
        label, color = ("success", SUCCESS) if rollout.success else ("failure", FAILURE)
        axes.plot(curve, color=color, linewidth=0.8, alpha=0.5, label=None if label in named else label)
        named.add(label)
        alarm = band.first_alarm(curve)
        if alarm is not None:
            axes.plot(alarm, curve[alarm], "x", color=color, markersize=5)
    steps = max(map(len, curves))
    edge = band.upper(steps)
    if np.isfinite(edge).all():
        axes.plot(edge, color=BAND, linewidth=1.4, linestyle="--", label=f"band, {100 * alpha:g} %")
    axes.set_title(NAMES[name], fontsize=10, loc="left")
    axes.set_xlabel("inference", fontsize=8)
    axes.tick_params(labelsize=8)

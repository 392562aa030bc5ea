# SPDX-License-Identifier: Apache-2.0
"""A picture of two results compared: the evidence scene by scene and what decides, the difference and its interval."""

from __future__ import annotations

import io

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vla_ros.evaluation.compared_results import ComparedRows
from vla_ros.evaluation.comparison_table import TOGETHER
from vla_ros.evaluation.sequential import SequentialComparison, Verdict

matplotlib.use("agg")
WIDTH, ROW = 11.0, 2.6  # [in]
POINTS = 300  # of an interval's edge
FIRST, SECOND, GREY = "#1f4fd8", "#d97706", "#777777"
LOG10 = np.log(10.0)


def draw(compared: ComparedRows, names: tuple[str, str]) -> bytes:
    """Return a PNG with a line of two panels for each row, and one for all of them."""
    sequences = {row: comparison.sequence for row, (_, comparison) in compared.rows.items()}
    if compared.together is not None:
        sequences[TOGETHER] = compared.together
    with rc_context({"text.parse_math": False}):  # a dollar in a file's name begins no formula
        figure = Figure(figsize=(WIDTH, ROW * len(sequences) + 0.6), dpi=100, layout="constrained")
        grid = figure.subplots(len(sequences), 2, squeeze=False)
        for axes, (row, sequence) in zip(grid, sequences.items(), strict=True):
            _draw_evidence(axes[0], row, sequence, names)
            _draw_difference(axes[1], sequence, names)
        grid[0, 0].legend(fontsize=8, loc="upper left")
        for axes in grid[-1]:
            axes.set_xlabel("scenes", fontsize=9)
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _draw_evidence(axes: Axes, row: str, sequence: SequentialComparison, names: tuple[str, str]) -> None:
    for side, name, color in zip(sequence.evidence, names, (FIRST, SECOND), strict=True):
        axes.plot(side / LOG10, color=color, linewidth=1.4, label=f"{name} is better")
    decides = sequence.threshold / LOG10
    axes.axhline(decides, color=GREY, linestyle="--", linewidth=1.0, label="decides")
    if sequence.decided_after is not None:
        color = FIRST if sequence.verdict is Verdict.FIRST else SECOND
        axes.axvline(sequence.decided_after, color=color, linewidth=0.8, linestyle=":")
    top = max(decides, *(float(side.max()) / LOG10 for side in sequence.evidence))
    axes.set_ylim(-2.0, 1.35 * top + 0.3)  # what speaks against one side may fall without end
    axes.set_title(row, fontsize=10, loc="left")
    axes.set_ylabel("evidence, powers of 10", fontsize=9)
    axes.tick_params(labelsize=8)


def _draw_difference(axes: Axes, sequence: SequentialComparison, names: tuple[str, str]) -> None:
    count = len(sequence.differences)
    if count:
        scenes = np.unique(np.linspace(1, count, min(count, POINTS)).astype(int))
        low, high = 100.0 * sequence.intervals(scenes).T
        mean = 100.0 * np.cumsum(sequence.differences)[scenes - 1] / scenes
        axes.fill_between(scenes, low, high, color=GREY, alpha=0.3, linewidth=0.0)
        axes.plot(scenes, mean, color="black", linewidth=1.2)
        shown = slice(len(scenes) // 10, None)  # the first scenes say nothing and would flatten all others
        axes.set_ylim(min(low[shown].min(), -5.0) - 2.0, max(high[shown].max(), 5.0) + 2.0)
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    axes.set_title(f"{names[0]} minus {names[1]}", fontsize=9, loc="left")
    axes.set_ylabel("success [points]", fontsize=9)
    axes.tick_params(labelsize=8)

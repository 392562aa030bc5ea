# SPDX-License-Identifier: Apache-2.0
"""Two pictures of the comparison: jerk and speed against delay, and one transition from near."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import matplotlib
import numpy as np

from bench.chunk_control.comparison import ENTRIES, FILTERED, OURS, Task, run_task
from bench.chunk_control.figures import Results, values
from bench.chunk_control.methods import BASELINES
from bench.chunk_control.rollout import DT
from bench.chunk_control.streams import FIXED
from vla_ros.output_file import write_output

matplotlib.use("Agg")
import matplotlib.pyplot as plt

JERK, TRANSITION = "control_jerk.png", "control_transition.png"
PANELS = (
    ("transition_jerk_peak", "commanded: jerk at transitions [m/s³]", "log"),
    ("felt_jerk_peak", "tool below 50 Hz: jerk at transitions [m/s³]", "log"),
    ("completion_ratio", "time for the path, × ideal", "linear"),
)
SHOWN = ("naive", "averaging", OURS)  # around a transition
SEAM_STREAM = ("slow eight", "200 ms", 0)
BEFORE_S, AFTER_S = 0.1, 0.3
COLORS = dict(zip((*BASELINES, OURS), ("#8a8a8a", "#c0392b", "#d68910", "#2471a3", "#117a3d"), strict=True))


def write_pictures(folder: str, results: Results) -> None:
    """Draw both into a folder. Raises ConfigError when they cannot be written."""
    for name, draw in ((JERK, lambda: _draw_delays(results)), (TRANSITION, _draw_transition)):
        figure = draw()
        drawn = BytesIO()
        figure.savefig(drawn, format="png", dpi=110)
        plt.close(figure)
        write_output("--pictures", Path(folder) / name, drawn.getvalue())


def _draw_delays(results: Results) -> plt.Figure:
    figure, axes = plt.subplots(1, len(PANELS), figsize=(13.0, 4.6), constrained_layout=True)
    delays = [pattern for pattern in FIXED if any(task.pattern == pattern.name for task in results)]
    for panel, (name, heading, scale) in zip(axes, PANELS, strict=True):
        for entry in ENTRIES:
            medians = [
                np.median(values(results, entry, name, lambda task, at=at: task.pattern == at.name)) for at in delays
            ]
            x = [1e3 * pattern.seconds for pattern in delays if pattern.seconds is not None]
            panel.plot(x, medians, label=entry, **_line(entry))
        panel.set(title=heading, xlabel="delay [ms]", yscale=scale)
        panel.grid(alpha=0.3)
    axes[-1].set_ylim(0.9, 2.5)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return figure


def _line(entry: str) -> dict:
    family = entry.removesuffix(FILTERED).split(",")[0]
    dash = "--" if entry.endswith(FILTERED) else "-" if entry in COLORS else ":"
    width = 2.6 if entry == OURS else 1.4
    return {"color": COLORS[family], "linestyle": dash, "linewidth": width, "marker": "o", "markersize": 3}


def _draw_transition() -> plt.Figure:
    """Draw the transition at which naive switching jumps the furthest, in the coordinate in which it does."""
    rollouts = {entry: run_task(Task(*SEAM_STREAM, entry)) for entry in SHOWN}
    naive = rollouts["naive"]
    ticks = np.rint(naive.transitions / DT).astype(int)
    ticks = ticks[(ticks > 1.0 / DT) & (ticks < len(naive.commanded) - AFTER_S / DT)]
    moves = naive.commanded[ticks, :3] - naive.commanded[ticks - 1, :3]
    index, axis = np.unravel_index(np.argmax(np.abs(moves)), moves.shape)
    figure, axes = plt.subplots(2, 1, figsize=(9.0, 6.0), sharex=True, constrained_layout=True)
    span = np.arange(round(-BEFORE_S / DT), round(AFTER_S / DT))
    for entry, rollout in rollouts.items():
        x = rollout.commanded[:, axis]
        shown = ticks[index] + span
        shown = shown[shown < len(x) - 1]
        t = 1e3 * DT * (shown - ticks[index])
        axes[0].plot(t, 1e3 * (x[shown] - x[ticks[index] - 1]), label=entry, color=COLORS[entry])
        axes[1].plot(t, 1e3 * (x[shown + 1] - x[shown]) / DT, color=COLORS[entry])
    limit = 1.3 * max(1.0, *(np.abs(line.get_ydata()).max() for line in axes[1].lines[1:]))
    axes[1].set_ylim(-limit, limit)  # a jump's velocity is its size times the rate: off the picture
    for panel, heading in zip(axes, ("commanded position [mm]", "commanded velocity [mm/s]"), strict=True):
        panel.set_ylabel(heading)
        panel.axvline(0.0, color="black", linewidth=0.8, alpha=0.4)
        panel.grid(alpha=0.3)
    axes[0].legend(frameon=False)
    axes[1].set_xlabel(f"time after a chunk arrives [ms]: {SEAM_STREAM[0]}, {SEAM_STREAM[1]} late")
    return figure

# SPDX-License-Identifier: Apache-2.0
"""The responses behind `vla bench filters`, drawn: what is made equal in columns, what is looked at in rows."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from bench.filter_comparison.comparison import Comparison
from bench.filter_comparison.response import derivative, reach, step_command, stream_command, stream_times
from vla_ros.output_file import write_output

# Okabe and Ito's colours, which people who do not see all colours tell apart as well; dashes for print.
STYLES = {
    "cascade": {"color": "#000000", "linewidth": 2.4, "zorder": 5},
    "butterworth1": {"color": "#E69F00", "linestyle": "-"},
    "butterworth3": {"color": "#D55E00", "linestyle": "--"},
    "chebyshev2": {"color": "#009E73", "linestyle": "-."},
    "bessel": {"color": "#0072B2", "linestyle": (0, (4, 1, 1, 1, 1, 1))},
}
COLORS = 64  # in the file: a quarter of its size
COMMAND = {"color": "#999999", "linewidth": 1.0}
SMOOTH = ("cascade", "butterworth3", "bessel")  # what the scales of acceleration and speed are made for
HEADROOM = 1.4  # the scales end at this many times the largest smooth peak; what is larger is cut off, and said so
STEP_DELAYS, BEGIN_DELAYS = (
    6.0,
    2.5,
)  # a step is shown for this many of the cascade's delays, its acceleration for these
STREAM_SHOWN = (0.35, 1.3)  # [s] the fast part of the reach


def write_picture(path: str, comparisons: tuple[Comparison, ...], labels: Mapping[str, str], rate: float) -> None:
    """Draw the comparisons into a PNG file. Raises ConfigError when it cannot be written."""
    figure = Figure(figsize=(12.0, 11.5), dpi=90, layout="constrained")
    figure.get_layout_engine().set(rect=(0.0, 0.06, 1.0, 0.94))  # the legend goes below
    columns = figure.subplots(3, len(comparisons), sharey="row", squeeze=False).T
    peak = max(c.step[name]["peak_acceleration_per_s2"] for c in comparisons for name in SMOOTH)
    for comparison, (step, acceleration, speed) in zip(comparisons, columns, strict=True):
        step.set_title(comparison.title, fontsize=15, fontweight="bold")
        _draw_step(step, comparison, rate)
        _draw_acceleration(acceleration, comparison, labels, rate, HEADROOM * peak)
        _draw_speed(speed, comparison, rate)
    rows = ("step: output [steps]", "step: acceleration [steps/s²]", "10 Hz targets: speed [m/s]")
    for axes, label in zip(columns[0], rows, strict=True):
        axes.set_ylabel(label, fontsize=12)
    lines, _ = columns[0][0].get_legend_handles_labels()
    names = ["command (bottom row: without steps)", *labels.values()]
    figure.legend(lines, names, loc="lower center", ncols=3, fontsize=12, frameon=False)
    drawn, reduced = BytesIO(), BytesIO()
    figure.savefig(drawn, format="png")
    Image.open(drawn).convert("RGB").quantize(COLORS).save(reduced, format="png", optimize=True)
    write_output("--picture", path, reduced.getvalue())


def _draw_step(axes: Axes, comparison: Comparison, rate: float) -> None:
    seconds = _shown(comparison, STEP_DELAYS)
    command = step_command(seconds, rate)
    times = np.arange(len(command)) / rate
    near = axes.inset_axes((0.5, 0.1, 0.48, 0.44))
    near.set(xlim=(0.15 * seconds, seconds), ylim=(0.97, 1.105))
    near.set_title("around 1, enlarged", fontsize=10)
    for part in (axes, near):
        part.plot(times, command, label="command", **COMMAND)
        for name, filter in comparison.filters.items():
            part.plot(times, filter(command), label=name, **STYLES[name])
    _finish(axes, (0.0, seconds), (-0.02, 1.15))
    near.grid(alpha=0.3)


def _draw_acceleration(
    axes: Axes, comparison: Comparison, labels: Mapping[str, str], rate: float, limit: float
) -> None:
    seconds = _shown(comparison, BEGIN_DELAYS)
    command = step_command(seconds, rate)
    times = np.arange(len(command)) / rate
    cut_off = 0
    for name, filter in comparison.filters.items():
        axes.plot(times, derivative(filter(command), 2, rate), **STYLES[name])
        peak = comparison.step[name]["peak_acceleration_per_s2"]
        if peak > limit:
            text = f"{labels[name]}: off the scale, peak {peak:.0f}"
            style = {"ha": "right", "fontsize": 11, "color": STYLES[name]["color"], "fontweight": "bold"}
            axes.annotate(text, (0.97, 0.9 - 0.09 * cut_off), xycoords="axes fraction", **style)
            cut_off += 1
    _finish(axes, (0.0, seconds), (-limit, limit))


def _draw_speed(axes: Axes, comparison: Comparison, rate: float) -> None:
    times = stream_times(0.0, rate)
    smooth = derivative(reach(times), 1, rate)
    axes.plot(times, smooth, **COMMAND)
    for name, filter in comparison.filters.items():
        axes.plot(times, derivative(filter(stream_command(times)), 1, rate), **STYLES[name])
    _finish(axes, STREAM_SHOWN, (0.0, HEADROOM * float(smooth.max())))


def _shown(comparison: Comparison, delays: float) -> float:
    return delays * 1e-3 * comparison.step["cascade"]["delay_ms"]


def _finish(axes: Axes, across: tuple[float, float], up: tuple[float, float]) -> None:
    axes.set(xlim=across, ylim=up)
    axes.set_xlabel("time [s]", fontsize=11)
    axes.grid(alpha=0.3)

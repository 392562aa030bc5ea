# SPDX-License-Identifier: Apache-2.0
"""Numbers of an episode as curves: those of one quantity in one plot, what never changes as its value.

Shape legend: T frames, D numbers of a feature.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vla_ros.data.datasets.editing.frame_ranges import runs
from vla_ros.data.datasets.viewing.colors import colors

WIDTH, HEIGHT = 760, 120  # [px]
_QUANTITIES = {  # what follows the slash in a number's name, and its unit
    "position": "joint position [rad]",
    "delta_position": "joint step [rad]",
    "velocity": "joint speed [rad/s]",
    "position.": "position [m]",
    "delta_position.": "step of the position [m]",
    "orientation.": "orientation, quaternion",
    "delta_orientation.": "turn, quaternion",
    "rotation.": "rotation vector [rad]",
    "delta_rotation.": "turn [rad]",
    "rotation_6d.": "orientation, first two axes",
    "width": "gripper width [m]",
}


@dataclass(frozen=True, eq=False)
class Plot:
    """Curves of one quantity."""

    title: str
    labels: tuple[str, ...]
    values: np.ndarray  # (T, D)


def feature_plots(name: str, names: tuple[str, ...] | None, values: np.ndarray) -> list[Plot]:
    """Return the plots of a feature (T,) or (T, D), a quantity each."""
    table = np.asarray(values, dtype=np.float64).reshape(len(values), -1)
    labels = names if names is not None and len(names) == table.shape[1] else tuple(map(str, range(table.shape[1])))
    if table.shape[1] == 1 and labels == ("0",):
        labels = (name.rpartition(".")[2],)
    groups: dict[str, list[int]] = {}
    for column, label in enumerate(labels):
        groups.setdefault(_quantity(label), []).append(column)
    return [
        Plot(f"{name}: {title}" if title else name, tuple(labels[i] for i in columns), table[:, columns])
        for title, columns in groups.items()
    ]


def svg(plot: Plot, duration: float, left_out: np.ndarray | None = None) -> str:
    """Return a plot over `duration` [s] as HTML; `left_out` (T,) says where actions are no example: shaded."""
    table, shown = plot.values, colors(len(plot.labels))
    legend = " ".join(
        f'<span style="color:{color}">{html.escape(label)} <b></b></span>'
        for label, color in zip(plot.labels, shown, strict=True)
    )
    low, high = float(table.min()), float(table.max())
    if low == high:
        return f"<section class=plot><h3>{html.escape(plot.title)}</h3><p>always {low:.6g}</p></section>"
    x = np.linspace(0.0, WIDTH, len(table))
    y = HEIGHT - 4.0 - (table - low) / (high - low) * (HEIGHT - 8.0)
    curves = "".join(_curve(x, y[:, i], label, shown[i]) for i, label in enumerate(plot.labels))
    return (
        f"<section class=plot><h3>{html.escape(plot.title)}</h3><p class=legend>{legend}</p>"
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}">{"".join(_shades(x, left_out))}{curves}'
        f'<line class="cursor" x1="0" x2="0" y1="0" y2="{HEIGHT}"/>'
        f'<text x="4" y="12">{high:.4g}</text><text x="4" y="{HEIGHT - 4}">{low:.4g}</text>'
        f'<text x="{WIDTH - 4}" y="{HEIGHT - 4}" text-anchor="end">{duration:.1f} s</text></svg></section>'
    )


def _shades(x: np.ndarray, left_out: np.ndarray | None) -> Iterable[str]:
    step = x[1] - x[0] if len(x) > 1 else 0.0
    for first, end in [] if left_out is None else runs(left_out):
        start = max(0.0, x[first] - step / 2)
        yield f'<rect class="shade" x="{start:.1f}" y="0" width="{step * (end - first):.1f}" height="{HEIGHT}"/>'


def _curve(x: np.ndarray, y: np.ndarray, label: str, color: str) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" stroke="{color}"><title>{html.escape(label)}</title></polyline>'


def _quantity(label: str) -> str:
    owner, slash, quantity = label.rpartition("/")
    if not slash or not owner:
        return ""
    family = quantity.partition(".")
    return _QUANTITIES.get(family[0] + family[1], quantity)

# SPDX-License-Identifier: Apache-2.0
"""Drawings of tools: from below, where what they take is, and from the side, with what goes out."""

from __future__ import annotations

import io
from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Polygon, Rectangle

from vla_ros.robots.tools.description import Finger, Tool
from vla_ros.robots.tools.urdf import LIP, RAIL, body_length, carries_rail, pad_thickness

matplotlib.use("agg")
COLUMNS = 5  # tools beside each other at most
BODY, CUP, FINGER, OUT, INK = "#dfe3e8", "#1f4fd8", "#d97706", "#9aa3ad", "#333333"
_MM = 1e3
_MARGIN, _ARROW, _FLANGE = 12.0, 14.0, 25.0  # [mm]


def tool_sheet(tools: Sequence[Tool]) -> bytes:
    """Return a PNG with two views a tool, all of one scale, and what its colours mean."""
    columns = min(len(tools), COLUMNS)
    rows = -(-len(tools) // columns)
    side = max(max(_reach(tool) for tool in tools), 30.0) + _MARGIN
    highest = max(_MM * tool.height for tool in tools) + 1.5 * _MARGIN
    lowest = max(_MM * float(tool.strokes.max()) for tool in tools) + _MARGIN
    share = (highest + lowest) / (2.0 * side)
    width = 3.4 if columns > 1 else 4.6  # [in]
    with rc_context({"text.parse_math": False, "font.size": 8}):
        size = width * columns + 0.4, rows * (width * (1.0 + share) + 0.7) + 0.6
        figure = Figure(figsize=size, dpi=110, layout="compressed")
        grid = figure.subplots(2 * rows, columns, squeeze=False, height_ratios=[1.0, share] * rows)
        for axes in grid.flat:
            axes.set_visible(False)
        for number, tool in enumerate(tools):
            row, column = divmod(number, columns)
            below, beside = grid[2 * row, column], grid[2 * row + 1, column]
            _draw_below(below, tool, side)
            _draw_beside(beside, tool, side, highest, lowest)
            for axes, where in ((below, "from below"), (beside, "from the side")):
                axes.text(0.02, 0.98, where, transform=axes.transAxes, va="top", color=INK)
        figure.legend(handles=_legend(tools), loc="outside lower center", ncols=2 if columns < 3 else 5, frameon=False)
        file = io.BytesIO()
        figure.savefig(file, format="png", bbox_inches="tight", pad_inches=0.1)
    return file.getvalue()


def _reach(tool: Tool) -> float:
    ends = np.hypot(tool.cylinders[:, 0], tool.cylinders[:, 1]) + tool.cylinders[:, 2]
    return _MM * max(tool.body_radius, float(ends.max()))


def _legend(tools: Sequence[Tool]) -> list[Patch]:
    known = [Patch(color=BODY, label="body")]
    if any(tool.cups for tool in tools):
        known.append(Patch(color=CUP, label="suction cup"))
    if any(tool.fingers for tool in tools):
        known.append(Patch(color=FINGER, label="finger, open; it closes along the arrow"))
    if any(tool.strokes.any() for tool in tools):
        known.append(Patch(facecolor="none", edgecolor=OUT, linestyle="--", label="pushed out"))
    return known


def _start(axes: Axes, side: float) -> None:
    axes.set_visible(True)
    axes.set_aspect("equal")
    axes.set_xlim(-side, side)
    axes.tick_params(labelsize=7, colors=INK)
    axes.set_xlabel("x [mm]", labelpad=1)
    for edge in axes.spines.values():
        edge.set_color("#cccccc")


def _draw_below(axes: Axes, tool: Tool, side: float) -> None:
    _start(axes, side)
    axes.set_ylim(-side, side)
    axes.set_ylabel("y [mm]", labelpad=1)
    axes.set_title(f"{tool.name}\n{', '.join(tool.modes)}; {tool.mass:g} kg", fontsize=10)
    axes.add_patch(Circle((0, 0), _MM * tool.body_radius, facecolor=BODY, edgecolor="none"))
    axes.plot([0], [0], "+", color=INK, markersize=6, zorder=1.5)
    for cup in tool.cups:
        place = _MM * cup.x, _MM * cup.y
        axes.add_patch(Circle(place, _MM * cup.radius, facecolor=CUP, edgecolor="white", linewidth=0.8, zorder=2))
        axes.add_patch(
            Circle(place, 0.55 * _MM * cup.radius, facecolor="none", edgecolor="white", linewidth=0.6, zorder=2)
        )
        _write(axes, cup.name.removeprefix("cup_"), place, "white")
    for finger in tool.fingers:
        if carries_rail(finger, tool):
            axes.plot([0, _MM * finger.x], [0, _MM * finger.y], color=OUT, linewidth=4, zorder=0.9)
        axes.add_patch(Polygon(_MM * _pad(finger), facecolor=FINGER, edgecolor="white", linewidth=0.8))
        start = _MM * np.array([finger.x, finger.y])
        end = start + min(_MM * finger.travel, _ARROW) * finger.direction
        arrow = {"arrowstyle": "-|>", "color": FINGER, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        axes.annotate("", tuple(end.tolist()), tuple(start.tolist()), arrowprops=arrow, zorder=5)


def _pad(finger: Finger) -> np.ndarray:
    """Return (4, 2) [m] the corners of a finger's pad from below."""
    along, across = finger.direction, np.array([-finger.direction[1], finger.direction[0]])
    face, thick = np.array([finger.x, finger.y]), pad_thickness(finger)
    edge = finger.radius * across
    return np.array([face - edge, face + edge, face + edge - thick * along, face - edge - thick * along])


def _draw_beside(axes: Axes, tool: Tool, side: float, highest: float, lowest: float) -> None:
    """Draw x to the right and z down, as the tool hangs on an arm."""
    _start(axes, side)
    axes.set_ylim(lowest, -highest)  # z points down
    axes.set_ylabel("z [mm]", labelpad=1)
    flange, body = -_MM * tool.height, _MM * body_length(tool)
    wide = _MM * tool.body_radius
    axes.add_patch(Rectangle((-wide, flange), 2 * wide, body, facecolor=BODY, edgecolor="none", zorder=1.1))
    half = min(_FLANGE, wide)
    axes.plot([-half, half], [flange, flange], color=INK, linewidth=2.5, solid_capstyle="butt")
    axes.annotate("flange", (0, flange), xytext=(0, 3), textcoords="offset points", ha="center", color=INK)
    axes.axhline(0.0, color=INK, linewidth=0.6, linestyle=":")
    for cup in sorted(tool.cups, key=lambda one: one.y):
        left, radius, out = _MM * cup.x, _MM * cup.radius, _MM * cup.stroke
        lip = _MM * (LIP + cup.bellows)
        rod = -body - flange  # from the body down to the plane
        axes.add_patch(
            Rectangle((left - 0.4 * radius, -rod), 0.8 * radius, rod - lip + 1, color=OUT, linewidth=0, zorder=2)
        )
        _block(axes, left - radius, -lip, 2 * radius, lip, CUP, out)
    for finger in tool.fingers:
        corners = _MM * _pad(finger)[:, 0]
        if carries_rail(finger, tool):
            reach = corners[np.abs(corners).argmax()]
            axes.add_patch(Rectangle((0.0, flange + body - _MM * RAIL), reach, _MM * RAIL, color=OUT, linewidth=0))
        _block(
            axes, corners.min(), -_MM * finger.length, np.ptp(corners), _MM * finger.length, FINGER, _MM * finger.stroke
        )


def _block(axes: Axes, left: float, top: float, width: float, height: float, color: str, out: float) -> None:
    axes.add_patch(Rectangle((left, top), width, height, facecolor=color, edgecolor="white", linewidth=0.6, zorder=3))
    if out > 0.0:
        ghost = Rectangle((left, top + out), width, height, facecolor="none", edgecolor=OUT, linestyle="--", zorder=2)
        axes.add_patch(ghost)


def _write(axes: Axes, text: str, place: tuple[float, float], color: str) -> None:
    axes.annotate(text, place, ha="center", va="center", color=color, fontsize=7, zorder=4)

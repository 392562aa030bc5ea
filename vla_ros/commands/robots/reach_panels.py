# SPDX-License-Identifier: Apache-2.0
"""What each arm reaches with its tool down, as two maps of manipulability: over the table, and in a vertical plane."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from controllers.arm.model import ArmModel
from vla_ros.robots.checks.home import place_at_home
from vla_ros.robots.checks.self_collision import OwnDistance
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.checks.tool_reach import TIP, collides, reach_map
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import ArmGroup

STEP = 0.05  # [m] of the maps
BESIDE, ABOVE, BELOW = 0.55, 0.75, 0.25  # [m] shown around the table's area, above its table and below
BEHIND = 0.25  # [m] shown behind the base
NOTHING, TOOL, TABLE = "#e4e4e4", "#d62728", "#b5651d"

Panels = tuple[Axes, Axes]


def draw_reach(
    robot: Embodiment,
    urdf: str,
    home: Mapping[str, float],
    table: TableArea,
    panels: Sequence[Panels],
    progress: Callable[[float], None],
) -> None:
    """Draw each arm's two maps; `progress` takes 0 to 1."""
    own = OwnDistance(robot, urdf, home)
    maps = []
    for arm in robot.arms:
        model = ArmModel(urdf, arm.joints, arm.tool_frame)
        place_at_home(model, home)
        y = round(float(model.forward(arm.home)[1, 3]), 2) + 0.0  # no −0
        maps += [(arm, model, _horizontal(table), y), (arm, model, _vertical(table, y), y)]
    total, done = sum(points[..., 0].size for _, _, points, _ in maps), itertools.count(1)
    strengths = [
        reach_map(model, arm, points, partial(collides, own, arm), lambda: progress(next(done) / total))
        for arm, model, points, _ in maps
    ]
    for row, axes in enumerate(panels):
        for side in (0, 1):
            arm, model, points, y = maps[2 * row + side]
            _map(axes[side], arm, model, points, strengths[2 * row + side], table, y, upright=bool(side))


def _range(low: float, high: float) -> np.ndarray:
    return np.arange(np.floor(low / STEP), np.ceil(high / STEP) + 1) * STEP


def _xs(table: TableArea) -> np.ndarray:
    far = table.center[0] + table.extent[0] / 2 + 0.35
    return _range(-BEHIND, far)


def _horizontal(table: TableArea) -> np.ndarray:
    """Return points (A, B, 3) along x and y, a little above the table."""
    half = table.extent[1] / 2 + BESIDE
    x, y = np.meshgrid(_xs(table), _range(table.center[1] - half, table.center[1] + half), indexing="ij")
    return np.stack([x, y, np.full_like(x, table.height + TIP)], axis=-1)


def _vertical(table: TableArea, y: float) -> np.ndarray:
    """Return points (A, B, 3) along x and z, in the plane of the tool at home."""
    x, z = np.meshgrid(_xs(table), _range(table.height - BELOW, table.height + ABOVE), indexing="ij")
    return np.stack([x, np.full_like(x, y), z], axis=-1)


def _map(
    axes: Axes,
    arm: ArmGroup,
    model: ArmModel,
    points: np.ndarray,
    strength: np.ndarray,
    table: TableArea,
    y: float,
    upright: bool,
) -> None:
    """Draw a map with x upwards and y to the left, or x to the right and z upwards."""
    tool = model.forward(arm.home)[:3, 3]
    xs, others = points[:, 0, 0], points[0, :, 2 if upright else 1]
    (center_x, center_y), (length, width) = table.center, table.extent
    axes.set_facecolor(NOTHING)
    if upright:
        mesh = axes.pcolormesh(xs, others, strength.T, shading="nearest", cmap="viridis", vmin=0.0)
        axes.plot(
            [center_x - length / 2, center_x + length / 2],
            [table.height] * 2,
            color=TABLE,
            linewidth=3.0,
            label="table",
        )
        axes.plot(tool[0], tool[2], "o", color=TOOL, markersize=6, label="tool at home")
        axes.plot(0.0, 0.0, "s", color="#111111", markersize=6, label="base")
        axes.set(xlabel="x [m]", ylabel="z [m]", title=f"{arm.name}: upright at y = {y:.2f} m")
    else:
        mesh = axes.pcolormesh(others, xs, strength, shading="nearest", cmap="viridis", vmin=0.0)
        corner = (center_y - width / 2, center_x - length / 2)
        axes.add_patch(
            Rectangle(corner, width, length, fill=False, edgecolor=TABLE, linewidth=2.0, label="where things stand")
        )
        axes.plot(tool[1], tool[0], "o", color=TOOL, markersize=6, label="tool at home")
        axes.plot(0.0, 0.0, "s", color="#111111", markersize=6, label="base")
        axes.invert_xaxis()
        axes.set(xlabel="y [m], left of the robot on the left", ylabel="x [m]")
        axes.set_title(f"{arm.name}: over the table at z = {table.height + TIP:.2f} m")
    axes.legend(fontsize=7, loc="upper right")
    axes.set_aspect("equal")
    axes.title.set_fontsize(10)
    axes.tick_params(labelsize=8)
    bar = axes.figure.colorbar(mesh, ax=axes, shrink=0.85)
    bar.set_label("manipulability; grey: out of reach, tool down", fontsize=8)
    bar.ax.tick_params(labelsize=7)

# SPDX-License-Identifier: Apache-2.0
"""A picture of robots: each at home from three sides with its frames and cameras, and what each arm reaches."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from functools import partial

import matplotlib
import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from vla_ros.commands.robots.reach_panels import draw_reach
from vla_ros.robots.checks.camera_views import CameraView
from vla_ros.robots.checks.home import home_positions
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.link_tree import LinkTree
from vla_ros.sim.robot_rendering import RobotView, render_robot
from vla_ros.sim.robot_workplace import camera_views, table_area
from vla_ros.sim.scenes.sets import SceneRanges

matplotlib.use("agg")
SIZE = (620, 560)  # [px] of a view
WIDTH, VIEWS, ROW = 15.0, 5.3, 4.6  # [in]
DIRECTIONS = {
    "from the front, left": np.array([1.0, 0.9, 0.55]),
    "from its left": np.array([0.0, 1.0, 0.12]),
    "from above": np.array([0.0, 0.0, 1.0]),
}
AXIS, FRUSTUM = 0.10, 0.20  # [m] lengths drawn
RED_GREEN_BLUE = ("#d62728", "#2ca02c", "#1f4fd8")  # x, y, z
CAMERA = "#8a2be2"


def robot_sheet(robots: Sequence[Embodiment], ranges: SceneRanges, progress: Callable[[float], None]) -> bytes:
    """Return a PNG of all robots below each other; `progress` takes 0 to 1."""
    heights = [VIEWS + ROW * len(robot.arms) for robot in robots]
    with rc_context({"text.parse_math": False}):
        figure = Figure(figsize=(WIDTH, sum(heights)), dpi=100, layout="constrained")
        parts = figure.subfigures(len(robots), 1, height_ratios=heights, squeeze=False)[:, 0]
        for number, (robot, part) in enumerate(zip(robots, parts, strict=True)):
            _draw(part, robot, ranges, partial(_tell, progress, number, len(robots)))
        file = io.BytesIO()
        figure.savefig(file, format="png")
    return file.getvalue()


def _tell(progress: Callable[[float], None], number: int, count: int, share: float) -> None:
    """Tell how far all `count` robots are, `share` of one done."""
    progress((number + share) / count)


def _draw(part: SubFigure, robot: Embodiment, ranges: SceneRanges, progress: Callable[[float], None]) -> None:
    urdf = expand_urdf(robot)
    home, table = home_positions(robot, urdf), table_area(robot, ranges)
    part.suptitle(f"{robot.name} at home before a table {table.height:.2f} m high", fontsize=13, fontweight="bold")
    heights = [VIEWS] + [ROW] * len(robot.arms)
    top, *below = part.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    top.supxlabel("frames: x red, y green, z blue; cameras violet", fontsize=9)
    cameras = [view for _, view in camera_views(robot, urdf, ranges, home) if view is not None]
    tree = LinkTree(urdf)
    frames = [robot.base_frame, *(arm.tool_frame for arm in robot.arms)]
    origins = [*(camera.T_robot_camera[:3, 3] for camera in cameras), *(tree.place(one, home)[:3, 3] for one in frames)]
    views = render_robot(robot, home, table, list(DIRECTIONS.values()), SIZE, origins)
    for axes, title, view in zip(top.subplots(1, len(views)), DIRECTIONS, views, strict=True):
        _show(axes, view, title)
        for camera in cameras:
            _frustum(axes, view, camera)
        for frame in dict.fromkeys(frames):
            _frame(axes, view, tree.place(frame, home), frame, AXIS)
    progress(0.1)
    panels = [row.subplots(1, 2) for row in below]
    draw_reach(robot, urdf, home, table, panels, lambda share: progress(0.1 + 0.9 * share))


def _show(axes: Axes, view: RobotView, title: str) -> None:
    height, width = view.color.shape[:2]
    axes.imshow(view.color)
    axes.set(xlim=(0, width), ylim=(height, 0), xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def _frame(axes: Axes, view: RobotView, T: np.ndarray, name: str, length: float) -> None:
    """Draw a frame's axes over the picture, through what hides them."""
    ends = view.project(T[:3, 3] + length * T[:3, :3].T)  # (3, 2)
    origin = view.project(T[:3, 3])
    for end, color in zip(ends, RED_GREEN_BLUE, strict=True):
        axes.plot([origin[0], end[0]], [origin[1], end[1]], color=color, linewidth=2.0, solid_capstyle="round")
    _name(axes, name, origin, "#111111")


def _frustum(axes: Axes, view: RobotView, camera: CameraView) -> None:
    half = np.tan(np.radians(camera.fovy) / 2.0)
    corners = np.array([[sx * half * camera.aspect, sy * half, 1.0] for sx, sy in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
    T = camera.T_robot_camera
    rim = view.project((FRUSTUM * corners) @ T[:3, :3].T + T[:3, 3])  # (4, 2)
    eye = view.project(T[:3, 3])
    for corner, following in zip(rim, np.roll(rim, -1, axis=0), strict=True):
        axes.plot(*np.array([eye, corner, following]).T, color=CAMERA, linewidth=0.9)
    _name(axes, camera.camera.name, eye, CAMERA)


def _name(axes: Axes, text: str, at: np.ndarray, color: str) -> None:
    style = {"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0}
    place = (float(at[0]), float(at[1]))
    axes.annotate(
        text, place, xytext=(5, -11), textcoords="offset points", fontsize=8, color=color, bbox=style, clip_on=True,
        annotation_clip=True,
    )  # fmt: skip

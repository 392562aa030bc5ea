# SPDX-License-Identifier: Apache-2.0
"""What a robot's cameras see: those that are calibrated the table, those on an arm their tool.

What stands in between is not considered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from vla_ros.robots.cameras import CameraConfig
from vla_ros.robots.checks.finding import OK, PROBLEM, WARNING, Finding
from vla_ros.robots.checks.table_area import TableArea

SEEN_MIN = 0.5  # share of the area below which a camera hardly helps


@dataclass(frozen=True, eq=False)
class CameraView:
    """A camera where it is drawn, the robot at home. Optical frame: x right, y down, z forward."""

    camera: CameraConfig
    T_robot_camera: np.ndarray  # (4, 4)
    fovy: float  # [degrees]
    aspect: float  # width through height
    tool: np.ndarray | None = None  # (3,) [m] the tool of the arm that carries it; None: no arm does

    def sees(self, points: np.ndarray) -> np.ndarray:
        """Say of points (..., 3) [m], robot frame, whether they are in the picture."""
        T = np.linalg.inv(self.T_robot_camera)
        x, y, z = np.moveaxis(points @ T[:3, :3].T + T[:3, 3], -1, 0)
        half = np.tan(np.radians(self.fovy) / 2.0)
        return (z > 0.0) & (np.abs(y) <= half * z) & (np.abs(x) <= half * self.aspect * z)


def check_camera(camera: CameraConfig, view: CameraView | None, table: TableArea) -> Finding:
    """Check one camera; `view` is None where the simulator has no place for it."""
    check = f"camera {camera.name}"
    if view is None:
        said = "has no place in the simulator: give it a 'mount', or a place in the task's scenes"
        return Finding(check, WARNING, f"{said}; real ones need none", {"drawn": False})
    figures: dict[str, Any] = {"drawn": True}
    if view.tool is not None:
        figures["sees_tool"] = bool(view.sees(view.tool))
        if not figures["sees_tool"]:
            return Finding(check, WARNING, "does not see its own arm's tool point: turn its 'mount'", figures)
        return Finding(check, OK, "on an arm, sees its tool point", figures)
    share = float(view.sees(table.grid(table.height)).mean())
    figures["table_seen"] = share
    said = f"sees {100 * share:.0f} % of the table's area {_size(table)} at {table.height:.2f} m with the robot at home"
    remedy = "turn its 'mount'" if camera.moves else "look at its place in config/tasks and at 'workplace'"
    if not camera.calibrated or share >= SEEN_MIN:
        return Finding(check, OK, said, figures)
    return Finding(check, WARNING if share else PROBLEM, f"{said}: {remedy}", figures)


def _size(table: TableArea) -> str:
    return " × ".join(f"{edge:.2f}" for edge in table.extent) + " m"

# SPDX-License-Identifier: Apache-2.0
"""Where a robot's table and cameras are before any scene is drawn: the middle of what scenes are drawn from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from vla_ros.robots.cameras import CameraConfig, look_at
from vla_ros.robots.checks.camera_views import CameraView
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.structure import Structure
from vla_ros.sim.scenes.sets import SceneRanges

ASPECT = 640 / 480  # of a scene's pictures


def table_area(robot: Embodiment, ranges: SceneRanges) -> TableArea:
    """Return where things stand before this robot, and on tables of which heights."""
    (x, y, z), place = _origin(robot), robot.workplace
    (center_x, center_y), (low, high) = ranges.area.center, ranges.table_height
    drawn = (low, (low + high) / 2.0, high)
    heights = tuple(z + (height if place is None else place.table_height(height, low, high)) for height in drawn)
    return TableArea((center_x + x, center_y + y), ranges.area.extent, heights)


def camera_views(
    robot: Embodiment, urdf: str, ranges: SceneRanges, home: Mapping[str, float]
) -> list[tuple[CameraConfig, CameraView | None]]:
    """Return every camera that the robot can have, as it is drawn without chance; None where it is not drawn.

    Those that stand, are there only when asked for and have no place in these scenes are left out: of another task.
    """
    tree, structure = LinkTree(urdf), Structure(urdf)
    views = [(camera, _view(camera, robot, tree, structure, ranges, home)) for camera in robot.described_cameras]
    return [(camera, view) for camera, view in views if view is not None or camera.usual or camera.moves]


def _view(
    camera: CameraConfig,
    robot: Embodiment,
    tree: LinkTree,
    structure: Structure,
    ranges: SceneRanges,
    home: Mapping[str, float],
) -> CameraView | None:
    if not camera.moves:
        place = ranges.cameras.get(camera.name)
        if place is None:
            return None
        T = look_at(np.asarray(place.position), np.asarray(place.look_at))
        T[:3, 3] += _origin(robot)
        return CameraView(camera, T, ranges.camera_fovy, ASPECT)
    mount = camera.mount or ranges.mounted_cameras.get(camera.name)
    if mount is None:
        return None
    T_frame_camera = look_at(np.asarray(mount.position), np.asarray(mount.look_at), mount.up)
    T = tree.place(camera.frame, home) @ T_frame_camera
    carried_by = {joint.name for joint in structure.way_to(camera.frame)}
    tools = [arm.tool_frame for arm in robot.arms if arm.joints[-1] in carried_by]
    tool = tree.place(tools[0], home)[:3, 3] if tools else None
    return CameraView(camera, T, mount.fovy, ASPECT, tool)


def _origin(robot: Embodiment) -> tuple[float, float, float]:
    return (0.0, 0.0, 0.0) if robot.workplace is None else robot.workplace.origin

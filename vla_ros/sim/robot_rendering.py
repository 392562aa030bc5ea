# SPDX-License-Identifier: Apache-2.0
"""A robot at home beside its table, seen from chosen directions, and where any point of it is in the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np

from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.rendering import Renderer
from vla_ros.sim.robot_model import COLLISION_GROUP, VISUAL_GROUP, robot_spec
from vla_ros.sim.scenes.cameras import look_at

_FOVY = 20.0  # [degrees]: little perspective
_ROOM = 1.12  # of the picture around the robot and its table
_SLAB = 0.03  # [m] of the table that is drawn
_PAPER, _TABLE = [0.95, 0.95, 0.93, 1.0], [0.72, 0.63, 0.50, 1.0]
_DRAWN_GROUPS = 2  # group 2 is the surroundings'


@dataclass(frozen=True, eq=False)
class RobotView:
    """A picture, and the camera that took it."""

    color: np.ndarray  # (H, W, 3) uint8
    T_robot_camera: np.ndarray  # (4, 4) optical frame
    focal: float  # [px]

    def project(self, points: np.ndarray) -> np.ndarray:
        """Return the pixels (..., 2) of points (..., 3) [m], robot frame."""
        T = np.linalg.inv(self.T_robot_camera)
        local = points @ T[:3, :3].T + T[:3, 3]
        height, width = self.color.shape[:2]
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return middle + self.focal * local[..., :2] / local[..., 2:]


def render_robot(
    robot: Embodiment,
    home: Mapping[str, float],
    table: TableArea,
    directions: Sequence[np.ndarray],
    size: tuple[int, int],
) -> list[RobotView]:
    """Render from each of the `directions` (3,), from the robot to the eye, into pictures of `size` [px]."""
    spec = robot_spec(robot)
    lower, upper = _bounds(spec, home, table)
    middle, radius = (lower + upper) / 2, float(np.linalg.norm(upper - lower)) / 2 * _ROOM
    distance = radius / np.sin(np.radians(_FOVY) / 2) * max(1.0, size[1] / size[0])
    _surround(spec, table, middle, float(lower[2]), size)
    eyes = []
    for number, direction in enumerate(directions):
        look = direction / np.linalg.norm(direction)
        # Straight from above there is no level: the robot's front is up then.
        up = (1.0, 0.0, 0.0) if abs(look[2]) > 0.999 else (0.0, 0.0, 1.0)
        T = look_at(middle + distance * look, middle, up)
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, (T[:3, :3] @ np.diag([1.0, -1.0, -1.0])).flatten())
        spec.worldbody.add_camera(name=f"view/{number}", pos=T[:3, 3], quat=quat, fovy=_FOVY, resolution=size)
        eyes.append(T)
    model = spec.compile()
    data = _at(model, home)
    renderer = Renderer(model, *size)
    focal = size[1] / 2 / np.tan(np.radians(_FOVY) / 2)
    try:
        return [
            RobotView(renderer.render(data, model.camera(f"view/{number}").id)[0].copy(), T, focal)
            for number, T in enumerate(eyes)
        ]
    finally:
        renderer.close()


def _at(model: mujoco.MjModel, home: Mapping[str, float]) -> mujoco.MjData:
    data = mujoco.MjData(model)
    for joint, q in home.items():
        data.qpos[model.joint(joint).qposadr[0]] = q
    mujoco.mj_forward(model, data)
    return data


def _bounds(spec: mujoco.MjSpec, home: Mapping[str, float], table: TableArea) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (3,) of the box around the robot at home and its table area."""
    model = spec.copy().compile()
    data = _at(model, home)
    seen = np.isin(model.geom_group, (VISUAL_GROUP, COLLISION_GROUP))
    places, radii = data.geom_xpos[seen], model.geom_rbound[seen, None]
    area = table.grid(table.height).reshape(-1, 3)
    points = np.vstack([places - radii, places + radii, area])
    lower, upper = points.min(axis=0), points.max(axis=0)
    return lower, upper


def _surround(spec: mujoco.MjSpec, table: TableArea, middle: np.ndarray, floor: float, size: tuple[int, int]) -> None:
    visual = spec.visual
    visual.global_.offwidth, visual.global_.offheight = size
    visual.quality.offsamples = 4
    visual.headlight.ambient, visual.headlight.diffuse, visual.headlight.specular = [0.5] * 3, [0.3] * 3, [0.0] * 3
    spec.stat.extent, spec.stat.center = 1.0, middle
    visual.map.znear, visual.map.zfar = 0.05, 60.0
    paper, slab = spec.add_material(name="view/paper", rgba=_PAPER), spec.add_material(name="view/table", rgba=_TABLE)
    box, plane = mujoco.mjtGeom.mjGEOM_BOX, mujoco.mjtGeom.mjGEOM_PLANE
    spec.worldbody.add_geom(
        type=plane, size=[30, 30, 0.1], pos=[0, 0, floor], material=paper.name, contype=0, conaffinity=0,
        group=_DRAWN_GROUPS,
    )  # fmt: skip
    (x, y), (length, width) = table.center, table.extent
    spec.worldbody.add_geom(
        type=box, size=[length / 2, width / 2, _SLAB / 2], pos=[x, y, table.height - _SLAB / 2], material=slab.name,
        contype=0, conaffinity=0, group=_DRAWN_GROUPS,
    )  # fmt: skip
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL, pos=[1.5, 1.0, 3.0], dir=[-0.4, -0.3, -1.0], diffuse=[0.45] * 3,
        castshadow=False,
    )  # fmt: skip

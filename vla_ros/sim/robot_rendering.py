# SPDX-License-Identifier: Apache-2.0
"""A robot at home beside its table, seen from chosen directions, and where any point of it is in the picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import mujoco
import numpy as np

from vla_ros.robots.cameras import look_at
from vla_ros.robots.checks.table_area import TableArea
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.rendering import Renderer
from vla_ros.sim.robot_model import robot_spec

_FOVY = 20.0  # [degrees]: little perspective
_ROOM = 1.12  # the picture is so much wider than what is to be in it
_SLAB = 0.03  # [m] of the table that is drawn
_PAPER, _TABLE = [0.96, 0.96, 0.95], [0.72, 0.63, 0.50, 1.0]
_DRAWN_GROUP = 2


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
    more: Sequence[np.ndarray] = (),
) -> list[RobotView]:
    """Render from each of the `directions` (3,), from the robot to the eye, into pictures of `size` [px].

    `more` are points (3,) [m] that are to be in the pictures beside the robot and its table, such as cameras.
    """
    spec = robot_spec(robot)
    points = np.vstack([_corners(spec, home), table.grid(table.height).reshape(-1, 3), *more])
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    _surround(spec, table, middle, size)
    eyes = [_eye(points, middle, direction, size) for direction in directions]
    for number, T in enumerate(eyes):
        quat = np.empty(4)
        mujoco.mju_mat2Quat(quat, (T[:3, :3] @ np.diag([1.0, -1.0, -1.0])).flatten())
        spec.worldbody.add_camera(name=f"view/{number}", pos=T[:3, 3], quat=quat, fovy=_FOVY, resolution=size)
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


def _eye(points: np.ndarray, middle: np.ndarray, direction: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return T_robot_camera (4, 4) of the nearest eye in a direction that has all points (N, 3) in its picture."""
    look = direction / np.linalg.norm(direction)
    # Straight from above there is no level: the robot's front is up then.
    up = (1.0, 0.0, 0.0) if abs(look[2]) > 0.999 else (0.0, 0.0, 1.0)
    T = look_at(middle + look, middle, up)
    x, y, z = ((points - middle) @ T[:3, :3]).T
    half = np.tan(np.radians(_FOVY) / 2) / _ROOM
    distance = max(float((np.abs(x) / (half * size[0] / size[1]) - z).max()), float((np.abs(y) / half - z).max()))
    T[:3, 3] = middle + distance * look
    return T


def _corners(spec: mujoco.MjSpec, home: Mapping[str, float]) -> np.ndarray:
    """Return the corners (N, 3) of the boxes around the robot's shapes at home [m]."""
    model = spec.copy().compile()
    data = _at(model, home)
    signs = np.array(list(product((-1.0, 1.0), repeat=3)))  # (8, 3)
    local = model.geom_aabb[:, None, :3] + signs * model.geom_aabb[:, None, 3:]  # (G, 8, 3)
    rotations = data.geom_xmat.reshape(-1, 3, 3)
    return (np.einsum("gij,gkj->gki", rotations, local) + data.geom_xpos[:, None]).reshape(-1, 3)


def _surround(spec: mujoco.MjSpec, table: TableArea, middle: np.ndarray, size: tuple[int, int]) -> None:
    visual = spec.visual
    visual.global_.offwidth, visual.global_.offheight = size
    visual.quality.offsamples = 4
    visual.headlight.ambient, visual.headlight.diffuse, visual.headlight.specular = [0.5] * 3, [0.3] * 3, [0.0] * 3
    spec.stat.extent, spec.stat.center = 1.0, middle
    visual.map.znear, visual.map.zfar = 0.05, 60.0
    spec.add_texture(
        name="view/paper", type=mujoco.mjtTexture.mjTEXTURE_SKYBOX, builtin=mujoco.mjtBuiltin.mjBUILTIN_FLAT,
        rgb1=_PAPER, rgb2=_PAPER, width=8, height=48,
    )  # fmt: skip
    slab = spec.add_material(name="view/table", rgba=_TABLE)
    (x, y), (length, width) = table.center, table.extent
    spec.worldbody.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=[length / 2, width / 2, _SLAB / 2],
        pos=[x, y, table.height - _SLAB / 2],
        material=slab.name,
        group=_DRAWN_GROUP,
    )
    spec.worldbody.add_light(
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=[1.5, 1.0, 3.0],
        dir=[-0.4, -0.3, -1.0],
        diffuse=[0.45] * 3,
        castshadow=False,
    )

# SPDX-License-Identifier: Apache-2.0
"""The table, the room and the lamps of a scene, added to a MuJoCo specification."""

from __future__ import annotations

import mujoco
import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.sim.scenes.scene import Light, MountedCamera, Scene, SceneCamera, SurfaceTexture
from vla_ros.sim.scenes.textures import PAINT, SIZE, surface_texture

Vector = tuple[float, float, float]

VISUAL_GROUP = 2  # drawn by default
COLLISION_GROUP = 3  # not drawn by default
CLEAR_GROUP = 4  # of glass: drawn in colour, and no depth camera sees it
SUPPORTS = ("scene/floor", "scene/table")  # geoms that bear what lies
_PEDESTAL = (0.13, 0.11)  # [m] half edges under the robot's base
_WALL_X, _WALL_Y, _ROOM = -1.0, -1.3, 3.0  # [m]


def add_surroundings(spec: mujoco.MjSpec, scene: Scene, shadows: bool = False, pedestal: bool = True) -> None:
    """Add floor, walls, table, the robot's pedestal, lamps and cameras: those on the robot to bodies that are there.

    `shadows` are for pictures to show: they more than double what a frame costs without a graphics card.
    """
    _set_picture(spec, scene)
    world = spec.worldbody
    floor = scene.floor_height
    _plane(spec, "floor", scene.floor, (0, 0, floor), (0, 0, 1), collide=True)
    _plane(spec, "wall_x", scene.walls[0], (_WALL_X, 0, floor + _ROOM), (1, 0, 0))
    _plane(spec, "wall_y", scene.walls[1], (0, _WALL_Y, floor + _ROOM), (0, 1, 0))
    half = -floor / 2
    if pedestal and half > 0.0:  # whose base is on the floor itself stands on its own feet
        _box(world, "pedestal", (*_PEDESTAL, half), (-0.04, 0, -half), rgba=(0.25, 0.26, 0.28, 1))
    _add_table(world, scene, _material(spec, "table", scene.table.surface))
    for index, light in enumerate(scene.lights):
        _add_light(world, f"lamp_{index}", light, shadows and light.casts_shadow)
    _add_cameras(spec, scene)


def _add_cameras(spec: mujoco.MjSpec, scene: Scene) -> None:
    for camera in scene.cameras:
        _add_camera(spec.worldbody, camera, camera.T_base_camera)
    for mounted in scene.mounted:
        body = spec.body(mounted.body)
        if body is None:
            raise ConfigError(
                unknown_name(f"body of camera {mounted.name}", mounted.body, [b.name for b in spec.bodies])
            )
        _add_camera(body, mounted, mounted.T_body_camera)


def _add_camera(body: mujoco.MjsBody, camera: SceneCamera | MountedCamera, T: np.ndarray) -> None:
    # MuJoCo's cameras look along −z with y up; the optical frame looks along z with y down.
    quat = np.empty(4)
    mujoco.mju_mat2Quat(quat, (T[:3, :3] @ np.diag([1.0, -1.0, -1.0])).flatten())
    body.add_camera(name=camera.name, pos=T[:3, 3], quat=quat, fovy=camera.fovy, resolution=camera.size)


def _set_picture(spec: mujoco.MjSpec, scene: Scene) -> None:
    """Choose what a frame costs: no multi-sampling, one shadow map around the table."""
    visual = spec.visual
    visual.quality.offsamples = 0
    visual.quality.shadowsize = 2048
    visual.map.znear, visual.map.zfar = 0.01, 20.0
    visual.headlight.ambient = [scene.ambient] * 3
    visual.headlight.diffuse = [0.0] * 3
    visual.headlight.specular = [0.0] * 3
    spec.stat.extent, spec.stat.center = 1.0, [0.5, 0.0, scene.table.height]
    visual.map.shadowclip = 1.0


def _material(spec: mujoco.MjSpec, name: str, surface: SurfaceTexture) -> str:
    if surface.pattern == PAINT:
        return spec.add_material(name=f"scene/{name}", specular=surface.gloss, rgba=[*surface.first, 1.0]).name
    kind = mujoco.mjtTexture.mjTEXTURE_2D
    texture = spec.add_texture(name=f"scene/{name}", type=kind, width=SIZE, height=SIZE, nchannel=3)
    texture.data = surface_texture(surface).tobytes()
    material = spec.add_material(name=f"scene/{name}", specular=surface.gloss, shininess=0.3)
    material.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = texture.name
    material.texuniform = True
    material.texrepeat = [1 / surface.scale, 1 / surface.scale]
    return material.name


def _plane(
    spec: mujoco.MjSpec, name: str, surface: SurfaceTexture, position: Vector, normal: Vector, collide: bool = False
) -> None:
    w, *xyz = 1.0 + normal[2], -normal[1], normal[0], 0.0  # the shortest turn of z onto the normal
    spec.worldbody.add_geom(
        name=f"scene/{name}",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=[_ROOM, _ROOM, 0.1],
        pos=position,
        quat=[w, *xyz],
        material=_material(spec, name, surface),
        contype=int(collide),
        conaffinity=int(collide),
        group=VISUAL_GROUP,
    )


def _box(
    body: mujoco.MjsBody,
    name: str,
    half: tuple[float, float, float],
    position: tuple[float, float, float],
    material: str = "",
    rgba: tuple[float, float, float, float] = (1, 1, 1, 1),
    collide: bool = True,
    friction: float = 0.5,
) -> None:
    body.add_geom(
        name=f"scene/{name}",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        size=half,
        pos=position,
        material=material,
        rgba=rgba,
        contype=int(collide),
        conaffinity=int(collide),
        friction=[friction, 0.002, 0.0001],
        group=VISUAL_GROUP,
    )


def _add_table(world: mujoco.MjsBody, scene: Scene, material: str) -> None:
    table = scene.table
    (x, y), (length, width) = table.center, table.extent
    half = (length / 2, width / 2, table.thickness / 2)
    _box(world, "table", half, (x, y, table.height - table.thickness / 2), material, friction=table.friction)
    under = table.height - table.thickness
    leg = (under - scene.floor_height) / 2
    for index, (sx, sy) in enumerate(((1, 1), (1, -1), (-1, 1), (-1, -1))):
        place = (x + sx * (half[0] - 0.04), y + sy * (half[1] - 0.04), under - leg)
        _box(world, f"table_leg_{index}", (0.025, 0.025, leg), place, rgba=(0.3, 0.3, 0.32, 1), collide=False)


def _add_light(world: mujoco.MjsBody, name: str, light: Light, shadow: bool) -> None:
    kind = mujoco.mjtLightType.mjLIGHT_DIRECTIONAL if light.directional else mujoco.mjtLightType.mjLIGHT_POINT
    world.add_light(
        name=f"scene/{name}",
        type=kind,
        pos=light.position,
        dir=light.direction,
        diffuse=light.diffuse,
        specular=light.specular,
        ambient=light.ambient,
        castshadow=shadow,
        attenuation=[1, 0, 0],
    )

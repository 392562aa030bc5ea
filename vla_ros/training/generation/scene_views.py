# SPDX-License-Identifier: Apache-2.0
"""Move a compiled scene's cameras without compiling it again."""

from __future__ import annotations

import dataclasses

import mujoco
import numpy as np

from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.cameras import sample_cameras, sample_mounts
from vla_ros.sim.scenes.scene import MountedCamera, Scene, SceneCamera
from vla_ros.sim.scenes.sets import SceneRanges
from vla_ros.sim.world import World


def draw_cameras(scene: Scene, ranges: SceneRanges, rng: np.random.Generator) -> tuple[SceneCamera, ...]:
    """Draw the scene's cameras anew, and their calibration errors."""
    drawn = {camera.name: camera for camera in sample_cameras(ranges, rng)}
    return tuple(dataclasses.replace(drawn[camera.name], size=camera.size) for camera in scene.cameras)


def draw_mounts(
    scene: Scene, ranges: SceneRanges, robot: Embodiment, rng: np.random.Generator
) -> tuple[MountedCamera, ...]:
    """Draw the scene's cameras on the robot anew, and their calibration errors."""
    if not scene.mounted:
        return ()
    drawn = {camera.name: camera for camera in sample_mounts(ranges, robot, rng)}
    return tuple(dataclasses.replace(drawn[camera.name], size=camera.size) for camera in scene.mounted)


def move_cameras(world: World, cameras: tuple[SceneCamera, ...], mounted: tuple[MountedCamera, ...] = ()) -> None:
    """Put the world's cameras where these are, those on the robot where these are on it."""
    poses = {camera.name: camera.T_base_camera for camera in cameras}
    for name, T in (poses | {camera.name: camera.T_body_camera for camera in mounted}).items():
        number = world.model.camera(name).id
        # MuJoCo's cameras look along −z with y up; the optical frame looks along z with y down.
        rotation = T[:3, :3] @ np.diag([1.0, -1.0, -1.0])
        world.model.cam_pos[number] = T[:3, 3]
        mujoco.mju_mat2Quat(world.model.cam_quat[number], rotation.flatten())
    world.apply_render_state(world.render_state())  # what was computed of the cameras' poses counts no more


def cameras_elsewhere(
    world: World, ranges: SceneRanges, rng: np.random.Generator, of_mounts: np.random.Generator
) -> tuple[SceneCamera, ...]:
    """Draw the world's cameras anew, put them there, and return them as the base sees them."""
    standing = draw_cameras(world.scene, ranges, rng)
    mounted = draw_mounts(world.scene, ranges, world.embodiment, of_mounts)
    move_cameras(world, standing, mounted)
    if world.base is not None:
        standing = tuple(camera.seen_from(world.base.T_odom_base) for camera in standing)
    return (*standing, *(camera.at(world.body_pose(camera.body)) for camera in mounted))

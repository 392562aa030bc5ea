# SPDX-License-Identifier: Apache-2.0
"""Cameras of a scene: placed and randomised after GraspVLA's Table 7, published with a calibration error."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.robots.cameras import look_at
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.scene import MountedCamera, SceneCamera
from vla_ros.sim.scenes.sets import SceneRanges


def _direction(rng: np.random.Generator) -> np.ndarray:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def with_calibration_error(T: np.ndarray, translation: float, rotation: float, rng: np.random.Generator) -> np.ndarray:
    """Return the pose off by exactly `translation` [m] and `rotation` [degrees], in random directions."""
    published = T.copy()
    published[:3, :3] = T[:3, :3] @ Rotation.from_rotvec(np.radians(rotation) * _direction(rng)).as_matrix()
    published[:3, 3] += translation * _direction(rng)
    return published


def sample_cameras(ranges: SceneRanges, rng: np.random.Generator) -> tuple[SceneCamera, ...]:
    """Draw every camera: its position in a ball, its view on the nominal point, then turned about each of its axes."""
    cameras = []
    for name, place in ranges.cameras.items():
        T = look_at(np.asarray(place.position) + _shift(ranges.camera_ball, rng), np.asarray(place.look_at))
        T[:3, :3] = T[:3, :3] @ _turn(ranges.camera_rotation, rng)
        cameras.append(SceneCamera(name, T, _published(T, ranges, rng), ranges.camera_fovy))
    return tuple(cameras)


def sample_mounts(ranges: SceneRanges, robot: Embodiment, rng: np.random.Generator) -> tuple[MountedCamera, ...]:
    """Draw every camera on the robot, as those that stand are drawn, a little off its mount's drawing."""
    cameras = []
    for camera in robot.described_cameras:
        mount = camera.mount or ranges.mounted_cameras.get(camera.name)
        if mount is None or not camera.moves:
            continue
        shift = _shift(ranges.mount_ball, rng)
        T = look_at(np.asarray(mount.position) + shift, np.asarray(mount.look_at) + shift, mount.up)
        T[:3, :3] = T[:3, :3] @ _turn(ranges.mount_rotation, rng)
        cameras.append(MountedCamera(camera.name, camera.frame, T, _published(T, ranges, rng), mount.fovy))
    return tuple(cameras)


def _published(T: np.ndarray, ranges: SceneRanges, rng: np.random.Generator) -> np.ndarray:
    error = ranges.calibration_error
    return with_calibration_error(T, error.translation, error.rotation, rng)


def _shift(ball: float, rng: np.random.Generator) -> np.ndarray:
    """Return a point (3,) [m], uniform in a ball of this radius."""
    return ball * np.cbrt(rng.uniform()) * _direction(rng)


def _turn(most: float, rng: np.random.Generator) -> np.ndarray:
    """Return a rotation (3, 3) by up to `most` [degrees] about each axis."""
    return Rotation.from_euler("xyz", rng.uniform(-most, most, size=3), degrees=True).as_matrix()

# SPDX-License-Identifier: Apache-2.0
"""Cameras of a scene: placed and randomised after GraspVLA's Table 7, published with a calibration error."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.sim.scenes.grasp_sets import SceneRanges
from vla_ros.sim.scenes.scene import SceneCamera


def look_at(position: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return T_base_camera (4, 4) of a level camera at `position` [m] that looks at `target` (optical frame)."""
    forward = target - position
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    T = np.eye(4)
    T[:3, :3] = np.column_stack([right, np.cross(forward, right), forward])
    T[:3, 3] = position
    return T


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
        shift = ranges.camera_ball * np.cbrt(rng.uniform()) * _direction(rng)  # uniform in the ball
        T = look_at(np.asarray(place.position) + shift, np.asarray(place.look_at))
        turn = rng.uniform(-ranges.camera_rotation, ranges.camera_rotation, size=3)
        T[:3, :3] = T[:3, :3] @ Rotation.from_euler("xyz", turn, degrees=True).as_matrix()
        error = ranges.calibration_error
        published = with_calibration_error(T, error.translation, error.rotation, rng)
        cameras.append(SceneCamera(name, T, published, ranges.camera_fovy))
    return tuple(cameras)

# SPDX-License-Identifier: Apache-2.0
"""A fixed camera's calibration from config/cameras/<name>.yaml."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from controllers.rotations import normalise, write_matrix
from vla_ros.configuration import config_file, config_names, load_config


@dataclass(frozen=True)
class CameraCalibration:
    """Optics and pose of one camera. Optical frame: x right, y down, z forward."""

    width: int  # [px]
    height: int  # [px]
    focal_length: tuple[float, float]  # fx, fy [px]
    principal_point: tuple[float, float]  # cx, cy [px]
    position: tuple[float, float, float]  # [m] in the robot's base frame
    orientation: tuple[float, float, float, float]  # quaternion xyzw of the optical frame in the base frame

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or min(self.focal_length) <= 0.0:
            raise ConfigError(f"width, height and focal_length must be positive, got {self.width}, {self.height}, "
                              f"{self.focal_length}")  # fmt: skip
        if abs(float(np.linalg.norm(self.orientation)) - 1.0) > 1e-2:
            raise ConfigError(f"orientation must be a unit quaternion (x, y, z, w), got {self.orientation}")

    @property
    def intrinsics(self) -> np.ndarray:
        """Return K (3, 3) [px]."""
        (fx, fy), (cx, cy) = self.focal_length, self.principal_point
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def T_base_camera(self) -> np.ndarray:
        """Return the pose of the optical frame (4, 4)."""
        T = np.eye(4)
        T[:3, 3] = self.position
        write_matrix(normalise(self.orientation), T[:3, :3])
        return T


def load_calibration(name: str) -> CameraCalibration:
    """Read a camera's calibration. Raises ConfigError that names the nearest known camera."""
    known = config_names("cameras")
    if name not in known:
        raise ConfigError(unknown_name("camera", name, known))
    return load_config(config_file("cameras", f"{name}.yaml"), CameraCalibration)

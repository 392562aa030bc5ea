# SPDX-License-Identifier: Apache-2.0
"""A camera's calibration from config/cameras/<name>.yaml, as `vla calibrate` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from controllers.rotations import normalise, write_matrix
from vla_ros.configuration import config_file, config_names, load_config


@dataclass(frozen=True)
class CalibrationRecord:
    """How a calibration came about: for people, nothing is computed from it."""

    date: str = ""
    board: str = ""
    optics: dict[str, float] = field(default_factory=dict)  # figure → number: views, residual_px, …_std
    pose: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class CameraCalibration:
    """Optics and pose of one camera. Optical frame: x right, y down, z forward."""

    width: int  # [px]
    height: int  # [px]
    focal_length: tuple[float, float]  # fx, fy [px]
    principal_point: tuple[float, float]  # cx, cy [px]
    position: tuple[float, float, float] | None = None  # [m] in `frame`
    orientation: tuple[float, float, float, float] | None = None  # quaternion xyzw of the optical frame in `frame`
    frame: str = ""  # link that the camera is fixed to; empty: the robot's base frame
    distortion: tuple[float, float, float, float, float] | None = None  # k1, k2, p1, p2, k3 (plumb_bob)
    reference_joints: dict[str, float] = field(default_factory=dict)  # [rad], [m] of its reference picture, on a hand
    record: CalibrationRecord = field(default_factory=CalibrationRecord)

    def __post_init__(self) -> None:
        if min(self.width, self.height) < 1 or min(self.focal_length) <= 0.0:
            raise ConfigError(f"width, height and focal_length must be positive, got {self.width}, {self.height}, "
                              f"{self.focal_length}")  # fmt: skip
        if (self.position is None) != (self.orientation is None):
            raise ConfigError("position and orientation belong together: give both or neither")
        if self.orientation is not None and abs(float(np.linalg.norm(self.orientation)) - 1.0) > 1e-2:
            raise ConfigError(f"orientation must be a unit quaternion (x, y, z, w), got {self.orientation}")

    @property
    def intrinsics(self) -> np.ndarray:
        """Return K (3, 3) [px]."""
        (fx, fy), (cx, cy) = self.focal_length, self.principal_point
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def T_frame_camera(self) -> np.ndarray:
        """Return the pose of the optical frame in `frame` (4, 4). Raises ConfigError where it is not known."""
        if self.position is None or self.orientation is None:
            raise ConfigError("has optics and no pose: `vla calibrate hand-eye` finds it")
        T = np.eye(4)
        T[:3, 3] = self.position
        write_matrix(normalise(self.orientation), T[:3, :3])
        return T


def calibration_path(name: str) -> Path:
    """Return the file of a camera. Raises ConfigError that names the nearest known camera."""
    known = config_names("cameras")
    if name not in known:
        raise ConfigError(unknown_name("camera", name, known))
    return config_file("cameras", f"{name}.yaml")


def load_calibration(name: str) -> CameraCalibration:
    """Read a camera's calibration. Raises ConfigError that names the nearest known camera."""
    return load_config(calibration_path(name), CameraCalibration)

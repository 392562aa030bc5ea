# SPDX-License-Identifier: Apache-2.0
"""The cameras of a robot, as config/robots describes them: what each is fixed to, and what it publishes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

Vector3 = tuple[float, float, float]


def look_at(position: np.ndarray, target: np.ndarray, up: Vector3 = (0.0, 0.0, 1.0)) -> np.ndarray:
    """Return T_base_camera (4, 4) of a camera at `position` [m], level by `up`, that looks at `target` (optical)."""
    forward = target - position
    forward = forward / np.linalg.norm(forward)
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    T = np.eye(4)
    T[:3, :3] = np.column_stack([right, np.cross(forward, right), forward])
    T[:3, 3] = position
    return T


@dataclass(frozen=True)
class CameraMount:
    """Where a camera on the robot sits and what it looks at, in the frame of the link it is fixed to [m]."""

    position: Vector3
    look_at: Vector3
    up: Vector3  # what is up in its picture
    fovy: float  # [degrees]

    def __post_init__(self) -> None:
        if not 1.0 <= self.fovy <= 170.0:
            raise ConfigError(f"mount: fovy must be 1 to 170 degrees, got {self.fovy:g}")


@dataclass(frozen=True)
class CameraConfig:
    """One camera. Raises ConfigError for a name that no topic can have."""

    name: str
    frame: str = ""  # link that it is fixed to, so that its pose comes with every picture; empty: it stands
    depth: bool = True  # it publishes aligned depth beside colour
    calibrated: bool = True  # it publishes camera_info and its pose
    usual: bool = True  # it is there unasked; others by cameras:= or as a simulated policy needs
    role: str = ""  # what it is to policies, such as wrist; empty: its name
    mount: CameraMount | None = None  # where the simulator has it on `frame`; none: where a task's scenes have it

    def __post_init__(self) -> None:
        if not self.name.replace("_", "a").isalnum() or not self.name.isascii() or self.name[0].isdigit():
            raise ConfigError(f"camera '{self.name}': give letters, digits and _, not beginning with a digit")
        if self.mount is not None and not self.frame:
            raise ConfigError(f"camera '{self.name}': a 'mount' needs the 'frame' it is on")
        if not self.role:
            object.__setattr__(self, "role", self.name)

    @property
    def moves(self) -> bool:
        """Say whether it is fixed to the robot."""
        return bool(self.frame)

    @property
    def gives(self) -> str:
        """Say what it publishes."""
        depth, calibration = self.depth * ["depth"], self.calibrated * ["calibration"]
        return " + ".join(["colour", *depth, *calibration])

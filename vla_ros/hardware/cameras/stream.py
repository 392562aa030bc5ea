# SPDX-License-Identifier: Apache-2.0
"""What a camera behind its vendor's SDK is asked for, whoever made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from vla_ros.hardware.cameras.device_clock import Arrival


@dataclass(frozen=True)
class Optics:
    """A colour picture's pinhole model."""

    size: tuple[int, int]  # width, height [px]
    focal_length: tuple[float, float]  # fx, fy [px]
    principal_point: tuple[float, float]  # cx, cy [px]


class CapturedFrame(Protocol):
    """One exposure as the SDK has it; nothing is computed before it is asked for."""

    stamp: float  # [s] as the device has it
    host_clock: bool  # whether that is the time of this machine's system clock already
    arrival: Arrival

    def color(self) -> np.ndarray:
        """Return the colour picture (H, W, 3) uint8 RGB, of a pinhole camera."""

    def depth(self) -> np.ndarray | None:
        """Return depth (H, W) float32 [m] along z, aligned to colour, 0 where nothing was measured."""


class CameraStream(Protocol):
    """A camera that is connected and streams; one thread makes all calls."""

    optics: Optics

    def read(self, timeout: float) -> CapturedFrame | None:
        """Return the newest exposure; None where none comes within `timeout` [s]. Raises VlaError once it is lost."""

    def close(self) -> None:
        """Stop streaming and let go of the camera, lost or not."""

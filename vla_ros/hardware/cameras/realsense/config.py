# SPDX-License-Identifier: Apache-2.0
"""A RealSense camera's settings: config/realsense/<camera>.yaml, and what is usual where a camera has no such file."""

from __future__ import annotations

from dataclasses import dataclass, field

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_file, config_names, load_config

FOLDER = "realsense"
HOLE_FILLING = ("none", "left", "farthest", "nearest")
OPTICS = ("sdk", "calibration")


@dataclass(frozen=True)
class DepthFilters:
    """What the SDK does to depth before it is aligned; it runs on this machine's processor."""

    spatial: bool = False  # smooths along surfaces, keeps edges
    temporal: bool = False  # averages over frames: smears what moves
    hole_filling: str = "none"  # from the left, the farthest or the nearest neighbour: invents depth

    def __post_init__(self) -> None:
        if self.hole_filling not in HOLE_FILLING:
            raise ConfigError(unknown_name("hole_filling", self.hole_filling, HOLE_FILLING))


@dataclass(frozen=True)
class RealSenseConfig:
    """One camera. Raises ConfigError for what no camera can do."""

    serial: str = ""  # as `./vla doctor` lists it; empty: the only camera that is connected
    width: int = 640  # of the colour picture, and of depth aligned to it [px]
    height: int = 480
    rate: int = 30  # [Hz] of both
    exposure: float = 0.0  # of colour [ms]; 0: automatic
    gain: int = 0  # of colour, with an exposure of its own; 0: the camera's
    white_balance: int = 0  # of colour [K]; 0: automatic
    depth: bool = True
    depth_width: int = 848  # that depth is measured with [px]
    depth_height: int = 480
    filters: DepthFilters = field(default_factory=DepthFilters)
    optics: str = "sdk"  # whose intrinsics are published: the camera's own by the SDK, or the calibration file's

    def __post_init__(self) -> None:
        if min(self.width, self.height, self.depth_width, self.depth_height) < 1 or not 5 <= self.rate <= 300:
            raise ConfigError(
                f"width and height must be positive and rate 5 to 300 Hz, got {self.width}x{self.height}, depth "
                f"{self.depth_width}x{self.depth_height}, {self.rate} Hz"
            )
        if min(self.exposure, self.gain, self.white_balance) < 0 or self.exposure > 1e3 / self.rate:
            raise ConfigError(
                f"exposure must be 0 (automatic) to {1e3 / self.rate:.1f} ms, a frame's time, gain and white_balance 0 "
                f"or more, got {self.exposure:g}, {self.gain} and {self.white_balance}"
            )
        if self.gain and not self.exposure:
            raise ConfigError(f"gain {self.gain} needs an exposure beside it: automatic control sets both")
        if self.optics not in OPTICS:
            raise ConfigError(unknown_name("optics", self.optics, OPTICS))


def load_realsense(camera: str) -> RealSenseConfig:
    """Read the settings of a camera by its name in the robot's file."""
    if camera not in config_names(FOLDER):
        return RealSenseConfig()
    return load_config(config_file(FOLDER, f"{camera}.yaml"), RealSenseConfig)

# SPDX-License-Identifier: Apache-2.0
"""Which connected camera is which of the robot's: by serial number, never by guessing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controllers.errors import ConfigError
from vla_ros.hardware.cameras.realsense.config import FOLDER, RealSenseConfig
from vla_ros.hardware.cameras.realsense.library import FoundCamera, listed


def assign(cameras: Mapping[str, RealSenseConfig], found: Sequence[FoundCamera]) -> dict[str, str]:
    """Return the serial number of each of a robot's cameras.

    Raises ConfigError that lists what is connected, where one is not there, two are the same, or one has no serial
    number and more than one would do.
    """
    if not found:
        raise ConfigError(
            "source:=realsense: no RealSense camera is connected: plug it into a USB 3 port; `./vla doctor` lists "
            "those that are seen"
        )
    taken: dict[str, str] = {}
    for name, config in cameras.items():
        file = f"{FOLDER}/{name}.yaml"
        serial = config.serial
        if not serial:
            if len(found) > 1 or len(cameras) > 1:
                raise ConfigError(
                    f"camera '{name}' has no serial number, {len(cameras)} cameras are to be opened and connected are: "
                    f"{listed(found)}: give 'serial' in {file} in the folder of VLA_CONFIG"
                )
            serial = found[0].serial
        if serial not in (camera.serial for camera in found):
            raise ConfigError(
                f"camera '{name}': no RealSense with the serial number '{serial}' is connected, but {listed(found)}: "
                f"check its cable, or correct 'serial' in {file}"
            )
        if serial in taken.values():
            other = next(key for key, value in taken.items() if value == serial)
            raise ConfigError(f"cameras '{other}' and '{name}' have the same serial number '{serial}': correct {file}")
        taken[name] = serial
    return taken

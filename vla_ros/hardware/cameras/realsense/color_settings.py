# SPDX-License-Identifier: Apache-2.0
"""Exposure, gain and white balance of colour: automatic, or as the camera's file says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controllers.errors import ConfigError
from vla_ros.hardware.cameras.realsense.config import FOLDER, RealSenseConfig
from vla_ros.hardware.cameras.realsense.library import load_library

# Steps of exposure in a millisecond: a colour sensor counts 100 µs, a stereo module, which also gives a D405's colour,
# single microseconds (librealsense's issues 8243 and 12006).
_COLOR_STEPS, _STEREO_STEPS = 10.0, 1000.0


def set_color(device: Any, name: str, config: RealSenseConfig) -> None:
    """Set what the file says of a camera's colour. Raises ConfigError for what the camera cannot do."""
    rs = load_library()
    sensor = _color_sensor(device)
    for key, option, steps in _wanted(rs, sensor, config):
        if sensor is None or not sensor.supports(option) or sensor.is_option_read_only(option):
            raise ConfigError(f"camera '{name}': {FOLDER}/{name}.yaml sets {key}, which this camera does not take")
        known, given = sensor.get_option_range(option), float(getattr(config, key))
        if not known.min <= round(steps * given) <= known.max:
            raise ConfigError(
                f"camera '{name}': {FOLDER}/{name}.yaml: {key} {given:g} is out of this camera's range, "
                f"{known.min / steps:g} to {known.max / steps:g}"
            )
        sensor.set_option(option, float(round(steps * given)))


def _color_sensor(device: Any) -> Any:
    rs = load_library()
    for sensor in device.query_sensors():
        if any(profile.stream_type() == rs.stream.color for profile in sensor.get_stream_profiles()):
            return sensor
    return None


def _wanted(rs: Any, sensor: Any, config: RealSenseConfig) -> Iterator[tuple[str, Any, float]]:
    """Yield keys, options and the option's steps a unit in the order in which they are set.

    A value switches automatic control off.
    """
    if config.exposure:
        steps = _STEREO_STEPS if sensor is not None and sensor.is_depth_sensor() else _COLOR_STEPS
        yield "exposure", rs.option.exposure, steps
    if config.gain:
        yield "gain", rs.option.gain, 1.0
    if config.white_balance:
        yield "white_balance", rs.option.white_balance, 1.0

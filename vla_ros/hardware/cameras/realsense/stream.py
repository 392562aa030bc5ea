# SPDX-License-Identifier: Apache-2.0
"""One RealSense camera's colour and depth by the SDK's pipeline."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.hardware.cameras.device_clock import Arrival
from vla_ros.hardware.cameras.realsense import library
from vla_ros.hardware.cameras.realsense.color_settings import set_color
from vla_ros.hardware.cameras.realsense.config import FOLDER, RealSenseConfig
from vla_ros.hardware.cameras.realsense.depth_filters import FilterChain
from vla_ros.hardware.cameras.realsense.library import found_cameras, load_library
from vla_ros.hardware.cameras.realsense.pinhole import Pinhole
from vla_ros.hardware.cameras.stream import Optics

SKEW_MAX = 0.55  # periods between the exposures of colour and depth that belong together


class RealSenseFrame:
    """One exposure of colour, and of depth where there is any."""

    def __init__(self, stream: RealSenseStream, frames: Any, arrival: Arrival) -> None:
        color, domain = frames.get_color_frame(), load_library().timestamp_domain
        self.arrival = arrival
        self.stamp = color.get_timestamp() * 1e-3
        self.host_clock = color.get_frame_timestamp_domain() in (domain.global_time, domain.system_time)
        self._stream, self._frames = stream, frames

    def color(self) -> np.ndarray:
        """Return the colour picture (H, W, 3) uint8 RGB, of a pinhole camera."""
        return self._stream.color_of(self._frames)

    def depth(self) -> np.ndarray | None:
        """Return depth (H, W) float32 [m], aligned to colour; None where the camera is to give none."""
        return self._stream.depth_of(self._frames)


class RealSenseStream:
    """A camera that is connected: global time where it has that, depth filtered and aligned to colour."""

    def __init__(self, name: str, serial: str, config: RealSenseConfig) -> None:
        """Start the camera. Raises VlaError where it is not connected, ConfigError for profiles that it has not."""
        rs = load_library()
        self._name, self._serial, self._depth = name, serial, config.depth
        self._context = library.open_context()  # a new one: an older one may still know a camera that was unplugged
        if all(camera.serial != serial for camera in found_cameras(self._context)):
            raise VlaError(f"camera '{name}': RealSense {serial} is unplugged")
        self._pipeline, settings = rs.pipeline(self._context), rs.config()
        settings.enable_device(serial)
        settings.enable_stream(rs.stream.color, config.width, config.height, rs.format.rgb8, config.rate)
        if config.depth:
            settings.enable_stream(rs.stream.depth, config.depth_width, config.depth_height, rs.format.z16, config.rate)
        try:
            profile = self._started(settings, config)
            set_color(profile.get_device(), name, config)  # now: starting may set it back
        except ConfigError:
            self.close()
            raise
        except RuntimeError as error:  # in use by another program, unplugged in between
            raise VlaError(f"camera '{name}': RealSense {serial} does not start: {_first_line(error)}") from None
        intrinsics = profile.get_stream(rs.stream.color).as_video_stream_profile().get_intrinsics()
        self.optics = Optics(
            (intrinsics.width, intrinsics.height), (intrinsics.fx, intrinsics.fy), (intrinsics.ppx, intrinsics.ppy)
        )
        self._pinhole = Pinhole(intrinsics)
        self._filters, self._align = FilterChain(config.filters), rs.align(rs.stream.color)
        self._skew_max = SKEW_MAX * 1e3 / config.rate  # [ms]

    def read(self, timeout: float) -> RealSenseFrame | None:
        """Return the newest exposure; None where none comes within `timeout` [s]. Raises VlaError once it is lost."""
        try:
            found, frames = self._pipeline.try_wait_for_frames(int(1e3 * timeout))
        except RuntimeError as error:
            raise VlaError(f"camera '{self._name}': RealSense {self._serial}: {_first_line(error)}") from None
        arrival = Arrival.now()
        if not found:
            return None
        color, depth = frames.get_color_frame(), frames.get_depth_frame()
        if not color or (self._depth and not (depth and self._belong(color, depth))):
            return None
        return RealSenseFrame(self, frames, arrival)

    def close(self) -> None:
        """Stop streaming."""
        with contextlib.suppress(RuntimeError):  # it was unplugged, or has stopped by itself
            self._pipeline.stop()

    def color_of(self, frames: Any) -> np.ndarray:
        """Return a frameset's colour (H, W, 3), in memory of our own: the SDK takes its own back."""
        return np.array(self._pinhole.color(np.asanyarray(frames.get_color_frame().get_data())))

    def depth_of(self, frames: Any) -> np.ndarray | None:
        """Return a frameset's depth (H, W) [m], aligned to colour. Raises VlaError where the SDK cannot."""
        if not self._depth:
            return None
        try:
            depth = self._align.process(self._filters.process(frames)).get_depth_frame()
        except RuntimeError as error:
            raise VlaError(f"camera '{self._name}': RealSense {self._serial}: {_first_line(error)}") from None
        steps = self._pinhole.depth(np.asanyarray(depth.get_data()))
        return steps * np.float32(depth.get_units())

    def _started(self, settings: Any, config: RealSenseConfig) -> Any:
        rs = load_library()
        wrapper = rs.pipeline_wrapper(self._pipeline)
        if not settings.can_resolve(wrapper):
            raise ConfigError(
                f"camera '{self._name}': RealSense {self._serial} has no colour of {config.width}x{config.height} at "
                f"{config.rate} Hz" + f" with depth of {config.depth_width}x{config.depth_height}" * config.depth
                + f": correct {FOLDER}/{self._name}.yaml; it has {self._profiles()}"
            )  # fmt: skip
        for sensor in settings.resolve(wrapper).get_device().query_sensors():
            option = rs.option.global_time_enabled
            if sensor.supports(option) and not sensor.is_option_read_only(option):  # as a recording's are
                sensor.set_option(option, 1.0)
        return self._pipeline.start(settings)

    def _profiles(self) -> str:
        rs = load_library()
        kinds = {(rs.stream.color, rs.format.rgb8): "colour", (rs.stream.depth, rs.format.z16): "depth"}
        known: dict[str, set[str]] = {}
        for device in self._context.query_devices():
            if device.get_info(rs.camera_info.serial_number) != self._serial:
                continue
            for profile in (profile for sensor in device.query_sensors() for profile in sensor.get_stream_profiles()):
                kind = kinds.get((profile.stream_type(), profile.format()))
                if kind is not None:
                    video = profile.as_video_stream_profile()
                    known.setdefault(kind, set()).add(f"{video.width()}x{video.height()}@{profile.fps()}")
        return "; ".join(f"{kind} {', '.join(sorted(known[kind]))}" for kind in sorted(known)) or "neither"

    def _belong(self, color: Any, depth: Any) -> bool:
        if color.get_frame_timestamp_domain() != depth.get_frame_timestamp_domain():
            return True  # by two clocks: nobody can say
        return abs(color.get_timestamp() - depth.get_timestamp()) <= self._skew_max


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["?"])[0]

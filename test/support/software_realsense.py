# SPDX-License-Identifier: Apache-2.0
"""RealSense cameras of the SDK's own software device, to be plugged, fed with pictures and unplugged."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pyrealsense2 as rs

NAME = "Intel RealSense D435"
OFFSET = 0.015  # [m] by which colour is right of depth
COLOR_F, DEPTH_F = 600.0, 420.0  # [px]
UNIT = 0.001  # [m] a step of depth
COLOR_SIZES, DEPTH_SIZE, RATE = ((640, 480), (320, 240)), (848, 480), 30
HARDWARE, GLOBAL = rs.timestamp_domain.hardware_clock, rs.timestamp_domain.global_time


class SoftwareCamera:
    """One camera; `show` gives colour and depth of one exposure."""

    def __init__(self, serial: str, coeffs: tuple[float, ...] = (0.0,) * 5) -> None:
        self.serial = serial
        self.device = rs.software_device()
        self.device.register_info(rs.camera_info.name, NAME)
        self.device.register_info(rs.camera_info.serial_number, serial)
        self._depth_sensor = self.device.add_sensor("Stereo Module")
        self._depth_sensor.add_read_only_option(rs.option.depth_units, UNIT)
        self._depth_sensor.add_read_only_option(rs.option.stereo_baseline, 50.0)  # [mm] disparity needs it
        self._depth_sensor.add_option(rs.option.global_time_enabled, rs.option_range(0.0, 1.0, 1.0, 0.0), True)
        self._depth = self._depth_sensor.add_video_stream(_depth_stream()).as_video_stream_profile()
        self._color_sensor = self.device.add_sensor("RGB Camera")
        self._color_sensor.add_option(rs.option.exposure, rs.option_range(1.0, 10000.0, 156.0, 1.0), True)
        self._color_sensor.add_option(rs.option.white_balance, rs.option_range(2800.0, 6500.0, 4600.0, 10.0), True)
        self._colors = {}
        for k, size in enumerate(COLOR_SIZES):
            stream = _stream(rs.stream.color, 1 + k, size, rs.format.rgb8, COLOR_F * size[0] / 640, coeffs)
            self._colors[size] = self._color_sensor.add_video_stream(stream).as_video_stream_profile()
        between = rs.extrinsics()
        between.rotation, between.translation = [1, 0, 0, 0, 1, 0, 0, 0, 1], [-OFFSET, 0, 0]
        for color in self._colors.values():
            self._depth.register_extrinsics_to(color, between)
        self._number = 0

    def show(
        self, color: np.ndarray, depth: np.ndarray, stamp: float, domain: Any = HARDWARE, lag: float = 0.0
    ) -> None:
        """Expose colour (H, W, 3) at `stamp` [s] of the device's clock, and depth (480, 848) [mm] `lag` [s] later."""
        self._number += 1
        profile = self._colors[color.shape[1], color.shape[0]]
        self._show(self._depth_sensor, self._depth, depth, 2, stamp + lag, domain)
        self._show(self._color_sensor, profile, color, 3, stamp, domain)

    def colour_option(self, option: Any) -> float:
        """Return what the colour sensor was set to."""
        return float(self._color_sensor.get_option(option))

    def _show(self, sensor: Any, profile: Any, pixels: np.ndarray, size: int, stamp: float, domain: Any) -> None:
        frame = rs.software_video_frame()
        frame.pixels = np.ascontiguousarray(pixels)
        frame.bpp, frame.stride = size, size * pixels.shape[1]
        frame.timestamp, frame.domain, frame.frame_number, frame.profile = 1e3 * stamp, domain, self._number, profile
        if size == 2:
            frame.depth_units = UNIT
        sensor.on_video_frame(frame)


class UsbPorts:
    """What is plugged in: `open_context` in place of vla_ros's own shows that to the SDK."""

    def __init__(self) -> None:
        self._plugged: dict[str, SoftwareCamera] = {}
        self._known: list[Any] = []  # a context forgets a software device whose list nobody holds, and then crashes

    def open_context(self) -> Any:
        """Return a context of the SDK with what is plugged in now."""
        context = rs.context()
        context.set_devices_changed_callback(lambda event: self._known.append((context, event.get_new_devices())))
        for camera in self._plugged.values():
            camera.device.add_to(context)
        return context

    def plug(self, camera: SoftwareCamera) -> SoftwareCamera:
        """Have the SDK see a camera from the next context on."""
        self._plugged[camera.serial] = camera
        self._known.append(camera)
        return camera

    def unplug(self, serial: str) -> None:
        """Have it gone from the next context on."""
        del self._plugged[serial]


class Feed:
    """Show a camera the same picture at `rate` [Hz] from a thread, by a device clock that began at `zero` [s]."""

    def __init__(
        self, camera: SoftwareCamera, color: np.ndarray, depth: np.ndarray, zero: float = 100.0, rate: float = RATE
    ) -> None:
        self._camera, self._color, self._depth, self._zero, self._rate = camera, color, depth, zero, rate
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ending.wait(1.0 / self._rate):
            self._camera.show(self._color, self._depth, self._zero + time.monotonic() - began)


def _depth_stream() -> Any:
    return _stream(rs.stream.depth, 0, DEPTH_SIZE, rs.format.z16, DEPTH_F, (0.0,) * 5)


def _stream(kind: Any, uid: int, size: tuple[int, int], form: Any, focal_length: float, coeffs: Any) -> Any:
    intrinsics = rs.intrinsics()
    intrinsics.width, intrinsics.height = size
    intrinsics.fx = intrinsics.fy = focal_length
    intrinsics.ppx, intrinsics.ppy = size[0] / 2 - 0.5, size[1] / 2 - 0.5
    intrinsics.model = rs.distortion.inverse_brown_conrady if any(coeffs) else rs.distortion.none
    intrinsics.coeffs = list(coeffs)
    stream = rs.video_stream()
    stream.type, stream.index, stream.uid, stream.fmt, stream.fps = kind, 0, uid, form, RATE
    (stream.width, stream.height), stream.bpp = size, 2 if kind == rs.stream.depth else 3
    stream.intrinsics = intrinsics
    return stream

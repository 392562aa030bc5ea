# SPDX-License-Identifier: Apache-2.0
"""RealSense cameras by the SDK's software device: pictures, stamps, alignment, the cable out and in, bad settings."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

pytest.importorskip(
    "pyrealsense2",
    reason="pyrealsense2 is not installed or libusb is missing: VLA_EXTRAS=hardware ./vla … installs it",
    exc_type=ImportError,
)

import software_realsense as soft
from eventually import eventually

from controllers.errors import ConfigError, VlaError
from vla_ros.hardware.cameras.reader import CameraReader
from vla_ros.hardware.cameras.realsense import library
from vla_ros.hardware.cameras.realsense.assignment import assign
from vla_ros.hardware.cameras.realsense.config import DepthFilters, RealSenseConfig
from vla_ros.hardware.cameras.realsense.library import found_cameras
from vla_ros.hardware.cameras.realsense.stream import RealSenseFrame, RealSenseStream

SERIAL = "819112070001"
COLUMNS, ROWS = np.meshgrid(np.arange(640), np.arange(480))
COLOR = np.stack([COLUMNS % 256, ROWS % 256, (COLUMNS + ROWS) % 256], axis=-1).astype(np.uint8)
WALL = np.full((480, 848), 800, np.uint16)  # [mm]
Open = Callable[..., RealSenseStream]


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> soft.UsbPorts:
    """Put ports with nothing plugged in where the SDK looks for cameras."""
    ports = soft.UsbPorts()
    monkeypatch.setattr(library, "open_context", ports.open_context)
    return ports


@pytest.fixture
def opened(ports: soft.UsbPorts) -> Iterator[Open]:
    """Open cameras that are closed in the end."""
    streams: list[RealSenseStream] = []

    def open_(serial: str = SERIAL, **config) -> RealSenseStream:
        streams.append(RealSenseStream("front", serial, RealSenseConfig(serial, **config)))
        return streams[-1]

    yield open_
    for stream in streams:
        stream.close()


def seen(stream: RealSenseStream, camera: soft.SoftwareCamera, depth=WALL, stamp=10.0, color=COLOR, **how):
    """Return the frame of one exposure."""
    camera.show(color, depth, stamp, **how)
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        frame = stream.read(0.2)
        if frame is not None:
            return frame
    raise AssertionError("no frame came")


def test_colour_is_as_it_was_shown_and_depth_is_in_metres(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    stream = opened()
    assert stream.optics.size == (640, 480)
    assert stream.optics.focal_length == (soft.COLOR_F, soft.COLOR_F)
    assert stream.optics.principal_point == (319.5, 239.5)
    frame = seen(stream, camera)
    np.testing.assert_array_equal(frame.color(), COLOR)
    depth = frame.depth()
    assert depth.dtype == np.float32
    assert depth.shape == (480, 640)
    np.testing.assert_allclose(depth[40:440, 40:600], 0.8, atol=1e-6)


def test_depth_is_where_colour_sees_it(ports, opened):
    """A block is projected from the depth imager into colour's picture, which is 15 mm beside it."""
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    near = WALL.copy()
    near[200:260, 500:560] = 500
    depth = seen(opened(), camera, near).depth()
    rows, columns = np.nonzero(np.isclose(depth, 0.5))
    x = (np.array([500.0, 559.0]) - 423.5) / soft.DEPTH_F * 0.5 - soft.OFFSET  # [m] of its edges, to the right
    y = (np.array([200.0, 259.0]) - 239.5) / soft.DEPTH_F * 0.5
    np.testing.assert_allclose([columns.min(), columns.max()], x / 0.5 * soft.COLOR_F + 319.5, atol=1.5)
    np.testing.assert_allclose([rows.min(), rows.max()], y / 0.5 * soft.COLOR_F + 239.5, atol=1.5)


def test_a_camera_without_depth_gives_none(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    assert seen(opened(depth=False), camera).depth() is None


def test_colour_and_depth_of_different_exposures_are_not_put_together(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    stream = opened()
    camera.show(COLOR, WALL, 10.0, lag=0.1)
    assert all(stream.read(0.1) is None for _ in range(4))
    frame = seen(stream, camera, stamp=10.2, lag=0.01)
    assert frame.stamp == pytest.approx(10.2)


def test_stamps_tell_the_devices_clock_from_the_hosts(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    stream = opened()
    frame = seen(stream, camera, stamp=12.5)
    assert (frame.stamp, frame.host_clock) == (pytest.approx(12.5), False)
    now = time.time()
    frame = seen(stream, camera, stamp=now, domain=soft.GLOBAL)
    assert (frame.stamp, frame.host_clock) == (pytest.approx(now, abs=1e-3), True)
    assert now <= frame.arrival.system <= time.time()


def test_global_time_is_switched_on_where_a_camera_has_it(ports, opened):
    import pyrealsense2 as rs

    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    sensor = camera.device.query_sensors()[0]
    sensor.set_option(rs.option.global_time_enabled, 0.0)
    opened()
    assert sensor.get_option(rs.option.global_time_enabled) == 1.0


def test_holes_are_filled_where_that_is_asked_for(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    holed = WALL.copy()
    holed[230:250, 400:420] = 0
    stream = opened()
    assert (seen(stream, camera, holed).depth()[60:420, 60:580] == 0.0).any()
    stream.close()
    filled = seen(opened(filters=DepthFilters(hole_filling="nearest")), camera, holed).depth()[60:420, 60:580]
    np.testing.assert_allclose(filled, 0.8, atol=1e-6)


def test_noise_is_smoothed_by_the_filters(ports, opened):
    random = np.random.default_rng(0)
    noisy = [(WALL + random.normal(0.0, 4.0, WALL.shape)).astype(np.uint16) for _ in range(6)]

    def last(**filters: bool) -> float:
        camera = ports.plug(soft.SoftwareCamera(SERIAL))
        stream = opened(filters=DepthFilters(**filters))
        for k, depth in enumerate(noisy):
            measured = seen(stream, camera, depth, 10.0 + k / 30).depth()
        stream.close()
        ports.unplug(SERIAL)
        return float(measured[60:420, 60:580].std())

    raw = last()
    assert raw > 3e-3  # alignment takes the nearest of several
    assert last(spatial=True) < 0.8 * raw
    assert last(temporal=True) < 0.8 * raw


def test_distortion_is_taken_out_as_the_sdk_projects(ports, opened):
    """The picture of a grid of rays through the SDK's lens is that of a pinhole."""
    import pyrealsense2 as rs

    camera = ports.plug(soft.SoftwareCamera(SERIAL, coeffs=(-0.05, 0.06, 0.0, 0.0, -0.02)))
    stream = opened()
    lens = stream._pipeline.get_active_profile().get_stream(rs.stream.color).as_video_stream_profile().get_intrinsics()
    rays = [(x, y) for x in (-0.45, -0.2, 0.1, 0.4) for y in (-0.3, 0.05, 0.3)]
    bent = np.full((480, 640, 3), 40, np.uint8)
    for ray in rays:
        u, v = rs.rs2_project_point_to_pixel(lens, [*ray, 1.0])
        weight = np.exp(-((COLUMNS - u) ** 2 + (ROWS - v) ** 2) / 18.0)
        bent = np.maximum(bent, (40 + 200 * weight[..., None]).astype(np.uint8))
    straight = seen(stream, camera, color=bent).color()[..., 0].astype(float) - 40.0
    moved = 0.0
    for x, y in rays:
        u, v = 600.0 * x + 319.5, 600.0 * y + 239.5
        rows, columns = np.mgrid[round(v) - 9 : round(v) + 10, round(u) - 9 : round(u) + 10]
        weight = straight[rows, columns]
        assert np.hypot((weight * columns).sum() / weight.sum() - u, (weight * rows).sum() / weight.sum() - v) < 0.25
        bent_u, bent_v = rs.rs2_project_point_to_pixel(lens, [x, y, 1.0])
        moved = max(moved, np.hypot(bent_u - u, bent_v - v))
    assert moved > 2.0


def test_a_recording_of_the_sdk_is_read_as_the_camera_was(ports, monkeypatch, tmp_path):
    """The SDK records a software device to a file and plays that as a camera with the same serial number."""
    import pyrealsense2 as rs

    camera, file = ports.plug(soft.SoftwareCamera(SERIAL)), str(tmp_path / "camera.db3")
    pipeline, settings = rs.pipeline(ports.open_context()), rs.config()
    settings.enable_device(SERIAL)
    settings.enable_record_to_file(file)
    settings.enable_stream(rs.stream.color, 640, 480, rs.format.rgb8, 30)
    settings.enable_stream(rs.stream.depth, 848, 480, rs.format.z16, 30)
    pipeline.start(settings)
    for k in range(15):
        camera.show(np.roll(COLOR, k, axis=1), WALL + 10 * k, 10.0 + k / 30)
        time.sleep(0.02)
    pipeline.stop()
    del pipeline, settings  # only then is the file complete
    held = []  # a context forgets what nobody holds

    def played() -> object:
        context = rs.context()

        def loaded() -> bool:
            with contextlib.suppress(RuntimeError):  # the recorder's own thread is still writing
                held.append(context.load_device(file))
            return bool(held)

        held.clear()
        assert eventually(loaded, 20.0)
        return context

    monkeypatch.setattr(library, "open_context", played)
    assert [found.serial for found in found_cameras()] == [SERIAL]
    stream = RealSenseStream("front", SERIAL, RealSenseConfig(SERIAL))
    frames = [frame for _ in range(60) if (frame := stream.read(0.1)) is not None]
    stream.close()
    stamps = sorted({frame.stamp for frame in frames})
    assert len(stamps) > 5
    for frame in frames:
        k = round((frame.stamp - 10.0) * 30)
        assert frame.stamp == pytest.approx(10.0 + k / 30, abs=1e-4)
        np.testing.assert_array_equal(frame.color(), np.roll(COLOR, k, axis=1))
        np.testing.assert_allclose(frame.depth()[60:420, 60:580], 0.8 + 0.01 * k, atol=1e-6)


# -- unplugged and back -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("zero", [3.0, 102.0])  # [s] before and after what the camera's clock said last
def test_a_camera_that_is_unplugged_is_said_and_comes_back_by_its_serial_number(ports, zero):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    config = RealSenseConfig(width=640)
    stamps: list[float] = []
    colors: list[np.ndarray] = []

    def deliver(stamp: float, frame: RealSenseFrame, optics) -> None:
        stamps.append(stamp)
        colors.append(frame.color()[0, 0])

    reader = CameraReader("front", lambda: RealSenseStream("front", SERIAL, config), deliver)
    reader.start()
    try:
        with soft.Feed(camera, COLOR, WALL):
            assert eventually(lambda: len(stamps) > 10)
        ports.unplug(SERIAL)
        assert eventually(lambda: reader.fault == f"camera 'front': RealSense {SERIAL} is unplugged")
        count = len(stamps)
        other = ports.plug(soft.SoftwareCamera("42"))
        with soft.Feed(other, COLOR, WALL):
            time.sleep(1.0)
        assert len(stamps) == count  # another camera is none of it
        camera = ports.plug(soft.SoftwareCamera(SERIAL))
        with soft.Feed(camera, COLOR + 1, WALL, zero=zero):  # its clock began anew
            assert eventually(lambda: len(stamps) > count + 10 and not reader.fault, 20.0)
    finally:
        reader.close()
    assert (np.diff(stamps) > 0.0).all()
    assert max(stamps) <= time.time()
    assert colors[-1][0] == COLOR[0, 0, 0] + 1


def test_a_camera_that_falls_silent_is_said(ports):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    frames: list[float] = []
    reader = CameraReader(
        "front",
        lambda: RealSenseStream("front", SERIAL, RealSenseConfig()),
        lambda stamp, frame, optics: frames.append(stamp),
    )
    reader.start()
    try:
        with soft.Feed(camera, COLOR, WALL):
            assert eventually(lambda: len(frames) > 3)
        assert eventually(lambda: "no frame for 1 s: check its cable" in reader.fault)
    finally:
        reader.close()


# -- what is refused --------------------------------------------------------------------------------------------------
def test_an_absent_camera_and_unknown_profiles_are_refused_with_what_there_is(ports, opened):
    with pytest.raises(VlaError, match=f"RealSense {SERIAL} is unplugged"):
        opened()
    ports.plug(soft.SoftwareCamera(SERIAL))
    with pytest.raises(ConfigError, match=r"no colour of 640x480 at 90 Hz .* it has colour 320x240@30, 640x480@30"):
        opened(rate=90)


def test_cameras_are_told_apart_by_serial_number_alone(ports):
    with pytest.raises(ConfigError, match="no RealSense camera is connected: plug it into a USB 3 port"):
        assign({"front": RealSenseConfig()}, found_cameras())
    ports.plug(soft.SoftwareCamera("11"))
    assert assign({"front": RealSenseConfig()}, found_cameras()) == {"front": "11"}
    with pytest.raises(ConfigError, match="'front' has no serial number, 2 cameras are to be opened"):
        assign({"front": RealSenseConfig(), "side": RealSenseConfig("11")}, found_cameras())
    ports.plug(soft.SoftwareCamera("22"))
    found = found_cameras()
    with pytest.raises(ConfigError, match="are: Intel RealSense D435 11, Intel RealSense D435 22: give 'serial' in"):
        assign({"front": RealSenseConfig()}, found)
    with pytest.raises(ConfigError, match=r"no RealSense with the serial number '33' is connected, but Intel .* 11, "):
        assign({"front": RealSenseConfig("33")}, found)
    with pytest.raises(ConfigError, match="cameras 'front' and 'side' have the same serial number '22'"):
        assign({"front": RealSenseConfig("22"), "side": RealSenseConfig("22")}, found)
    cameras = {"front": RealSenseConfig("22"), "side": RealSenseConfig("11")}
    assert assign(cameras, found) == {"front": "22", "side": "11"}


def test_exposure_and_white_balance_are_set_as_the_file_says(ports, opened):
    camera = ports.plug(soft.SoftwareCamera(SERIAL))
    stream = opened(exposure=8.0, white_balance=4200)
    assert camera.colour_option(soft.rs.option.exposure) == 80.0  # steps of 100 µs
    assert camera.colour_option(soft.rs.option.white_balance) == 4200.0
    assert seen(stream, camera) is not None


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"white_balance": 9000}, "white_balance 9000 is out of this camera's range, 2800 to 6500"),
        ({"exposure": 0.05}, "exposure 0.05 is out of this camera's range, 0.1 to 1000"),
        ({"exposure": 8.0, "gain": 64}, "sets gain, which this camera does not take"),
        ({"gain": 64}, "gain 64 needs an exposure beside it"),
        ({"exposure": 50.0}, "exposure must be 0 .automatic. to 33.3 ms"),
    ],
)
def test_what_a_camera_cannot_be_set_to_is_refused_in_one_line(ports, opened, settings, reason):
    ports.plug(soft.SoftwareCamera(SERIAL))
    with pytest.raises(ConfigError, match=reason) as raised:
        opened(**settings)
    assert "\n" not in str(raised.value)
    opened()  # and it can be used by others

# SPDX-License-Identifier: Apache-2.0
"""Where pyrealsense2 or what it needs is missing, and settings without any camera."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from controllers.errors import ConfigError
from vla_ros.hardware.cameras.realsense import library
from vla_ros.hardware.cameras.realsense.config import RealSenseConfig, load_realsense
from vla_ros.robots.camera_calibration import load_calibration


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModuleNotFoundError("No module named 'pyrealsense2'"), r"not installed: VLA_EXTRAS=hardware \./vla"),
        (ImportError("libusb-1.0.so.0: cannot open shared object file"), "libusb.*: apt-get install libusb-1.0-0"),
        (ImportError("undefined symbol"), "undefined symbol.*: reinstall it"),
    ],
)
def test_a_missing_library_is_one_line_with_the_remedy(monkeypatch, error, words):
    def missing(name: str) -> None:
        raise error

    monkeypatch.setattr(library, "import_module", missing)
    for use in (library.open_context, library.found_cameras):
        with pytest.raises(ConfigError, match=words) as raised:
            use()
        assert "\n" not in str(raised.value)


def test_cameras_without_a_serial_number_or_that_go_while_they_are_asked_are_left_out(monkeypatch):
    info = SimpleNamespace(serial_number="serial", name="name", usb_type_descriptor="usb")
    monkeypatch.setattr(library, "load_library", lambda: SimpleNamespace(camera_info=info))

    class Device:
        def __init__(self, **values: str) -> None:
            self._values = values

        def supports(self, key: str) -> bool:
            return key in self._values

        def get_info(self, key: str) -> str:
            if not self._values[key]:
                raise RuntimeError("device disconnected")
            return self._values[key]

    devices = [
        Device(serial="2", name="D405", usb="3.2"),
        Device(name="recovery"),
        Device(serial=""),
        Device(serial="1", name="D435"),
    ]
    found = library.found_cameras(SimpleNamespace(query_devices=lambda: devices))
    assert library.listed(found) == "D435 1, D405 2 on USB 3.2"


def test_what_is_shipped_is_what_is_usual_and_fits_the_nominal_calibration():
    assert load_realsense("front") == load_realsense("nobodys") == RealSenseConfig()
    calibration = load_calibration("front")
    assert (calibration.width, calibration.height) == (RealSenseConfig().width, RealSenseConfig().height)

# SPDX-License-Identifier: Apache-2.0
"""pyrealsense2, imported where it is needed, and the cameras that it sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from controllers.errors import ConfigError


def load_library() -> Any:
    """Import pyrealsense2. Raises ConfigError with the remedy where it, or the libusb that it needs, is missing."""
    try:
        return import_module("pyrealsense2")
    except ModuleNotFoundError:
        raise ConfigError("pyrealsense2 is not installed: VLA_EXTRAS=hardware ./vla … installs it") from None
    except ImportError as error:
        remedy = "apt-get install libusb-1.0-0" if "libusb" in str(error) else "reinstall it"
        raise ConfigError(f"pyrealsense2 cannot be loaded ({error}): {remedy}") from None


def open_context() -> Any:
    """Return a new view of what is connected."""
    return load_library().context()


@dataclass(frozen=True)
class FoundCamera:
    """One camera that the SDK sees."""

    serial: str
    name: str  # of the model
    usb: str = ""  # version of the USB that it is connected by

    def __str__(self) -> str:
        return f"{self.name} {self.serial}" + (f" on USB {self.usb}" if self.usb else "")


def found_cameras(context: Any = None) -> tuple[FoundCamera, ...]:
    """Return the cameras that are connected and have a serial number, by that."""
    known = load_library().camera_info
    context = open_context() if context is None else context
    found = []
    for device in _devices(context):
        try:
            values = [
                device.get_info(key) if device.supports(key) else ""
                for key in (known.serial_number, known.name, known.usb_type_descriptor)
            ]
        except RuntimeError:  # it was unplugged between being listed and being asked
            continue
        if values[0]:
            found.append(FoundCamera(*values))
    return tuple(sorted(found, key=lambda camera: camera.serial))


def _devices(context: Any) -> list[Any]:
    try:
        return list(context.query_devices())
    except RuntimeError:  # USB is being enumerated: the next look finds it
        return []


def listed(cameras: Sequence[FoundCamera]) -> str:
    """Say which cameras there are."""
    return ", ".join(map(str, cameras)) or "none"

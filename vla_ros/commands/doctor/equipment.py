# SPDX-License-Identifier: Apache-2.0
"""What a job may bring along: real cameras, and checkpoints of policies."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vla_ros.commands.doctor.check_result import CheckResult, missing, poor

DEVICES = Path("/dev")
_WEIGHTS = (".safetensors", ".pt", ".pth", ".ckpt", ".onnx", ".npz")
_MODEL = "model.safetensors"  # in a checkpoint that is a folder


def check_cameras() -> CheckResult:
    """Look for the RealSense library and video devices; a simulation needs neither."""
    name = "cameras"
    devices = sorted(DEVICES.glob("video*"))
    closed = [device.name for device in devices if not os.access(device, os.R_OK | os.W_OK)]
    if closed:
        return poor(
            name, f"no access to {', '.join(closed)}", "add yourself to the group 'video' and log in again: "
            "sudo usermod -aG video $USER"
        )  # fmt: skip
    video = ", ".join(device.name for device in devices) or "no video devices"
    if importlib.util.find_spec("pyrealsense2") is None:
        remedy = "only for real RealSense cameras: VLA_EXTRAS=hardware ./vla doctor"
        return CheckResult(name, f"simulated; {video}", remedy)
    from controllers.errors import ConfigError
    from vla_ros.hardware.cameras.realsense.library import found_cameras, listed

    try:
        found = found_cameras()
    except ConfigError as error:
        return CheckResult(name, f"simulated; {video}", f"only for real RealSense cameras: {error}")
    return CheckResult(name, f"simulated; {video}; RealSense: {listed(found)}")


def check_configuration() -> CheckResult:
    """Say where names of robots, jobs and the like are found, and which of the package's the user's own hide."""
    from controllers.errors import VlaError
    from vla_ros.configuration import USER_FOLDER, share_directory, user_folder

    name, shipped = "configuration", share_directory() / "config"
    try:
        own = user_folder()
    except VlaError as error:
        return missing(name, str(error), f"export {USER_FOLDER}=<your folder>, or unset {USER_FOLDER}")
    if own is None:
        return CheckResult(name, f"{shipped}; {USER_FOLDER} names no folder of yours")
    files = sorted(str(path.relative_to(own)) for path in own.glob("*/*.yaml"))
    hidden = [file for file in files if (shipped / file).is_file()]
    state = f"{own}: {', '.join(files) or 'no <folder>/<name>.yaml'}; then {shipped}"
    return CheckResult(name, state + (f"; yours instead of the package's: {', '.join(hidden)}" if hidden else ""))


def check_checkpoints() -> CheckResult:
    """Look whether the files that config/policies names are there."""
    from vla_ros.configuration import config_file, config_names, share_directory  # YAML may be what is missing
    from vla_ros.documents import read_yaml

    name, root = "checkpoints", share_directory()
    named, absent = [], []
    for file in (config_file("policies", f"{policy}.yaml") for policy in config_names("policies")):
        for weights in _weights(read_yaml(file)):
            named.append(weights)
            path = Path(weights).expanduser()
            if not any(place.is_file() or (place / _MODEL).is_file() for place in (path, root / path)):
                absent.append(f"{weights} ({file.name})")
    if absent:
        return poor(name, f"not there: {', '.join(absent)}", "download or train it, or name another in that file")
    return CheckResult(name, f"{len(named)} of {len(named)} there" if named else "none needed: no policy names any")


def _weights(content: Any) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            if key == "checkpoint" and isinstance(value, str):
                yield value
            else:
                yield from _weights(value)
    elif isinstance(content, list):
        for value in content:
            yield from _weights(value)
    elif isinstance(content, str) and content.endswith(_WEIGHTS):
        yield content

# SPDX-License-Identifier: Apache-2.0
"""Where ROS 2 packages are installed: the folders of AMENT_PREFIX_PATH."""

from __future__ import annotations

import os
from pathlib import Path

from controllers.errors import ConfigError

VARIABLE = "AMENT_PREFIX_PATH"


def prefixes() -> list[Path]:
    """Return the installation folders, first one first."""
    return [Path(prefix) for prefix in os.environ.get(VARIABLE, "").split(os.pathsep) if prefix]


def find_executable(package: str, executable: str) -> Path:
    """Return lib/<package>/<executable> of the first prefix that has it. Raises ConfigError when none does."""
    for prefix in prefixes():
        path = prefix / "lib" / package / executable
        if path.is_file() and os.access(path, os.X_OK):
            return path
    raise ConfigError(f"ROS package '{package}' with its program '{executable}' is in no folder of {VARIABLE}")


def has_package(package: str) -> bool:
    """Say whether a ROS package is installed."""
    return any((prefix / "share/ament_index/resource_index/packages" / package).is_file() for prefix in prefixes())

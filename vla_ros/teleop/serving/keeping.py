# SPDX-License-Identifier: Apache-2.0
"""The folder of one user where pairing token and certificate outlive a run; only he may read what is in it."""

from __future__ import annotations

import os
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.new_file import PRIVATE, replace_file

PRIVATE_FOLDER = 0o700


def user_folder(chosen: str = "", option: str = "folder:=") -> Path:
    """Return the folder, made when it is missing; `chosen` instead of the usual one. Raises ConfigError.

    `option` is how it was named.
    """
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(chosen) if chosen else (Path(base) if base else Path.home() / ".config") / "vla_ros" / "teleop"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
    except OSError as error:
        raise ConfigError(
            f"{folder}: no folder for certificate and pairing ({error.strerror}); give another with {option}"
        ) from None
    return folder


def write_private(path: Path, content: bytes) -> None:
    """Write a file that nobody else may read, whole or not at all. Raises ConfigError when that cannot be."""
    try:
        replace_file(path, content, PRIVATE)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror}); give another folder") from None

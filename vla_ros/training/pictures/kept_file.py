# SPDX-License-Identifier: Apache-2.0
"""A file that is made once, whole or not at all, and kept: an interruption costs no more than the one under way."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from controllers.errors import ConfigError


def kept_file(path: Path, write: Callable[[BinaryIO], None]) -> Path:
    """Return a file that `write` makes where it is missing, with the folder it is in.

    Raises ConfigError where it cannot be written.
    """
    if path.is_file():
        return path
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            write(file)
        os.replace(part, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise ConfigError(f"{path}: cannot be written ({error}): make room, then train again") from None
    return path

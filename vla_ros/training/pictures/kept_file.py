# SPDX-License-Identifier: Apache-2.0
"""A file that is made once, whole or not at all, and kept: an interruption costs no more than the one under way."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO


def kept_file(path: Path, write: Callable[[BinaryIO], None]) -> Path:
    """Return a file that `write` makes where it is missing, with the folder it is in."""
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("wb") as file:
            write(file)
        os.replace(part, path)
    return path

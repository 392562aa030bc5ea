# SPDX-License-Identifier: Apache-2.0
"""Files written whole or not at all, and never through a link that somebody else laid beside them."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

PRIVATE = 0o600  # mode of a file that nobody else may read
_NAME_MAX = 200  # [characters] of the 255 bytes that a name may have


def replace_file(path: Path, data: bytes, mode: int = 0o666, on_disk: bool = False) -> None:
    """Write a file, or a new one in place of what has its name; the user's mask limits `mode`.

    With `on_disk` its content would survive a power cut. Raises OSError.
    """
    temporary = path.with_name(f".{path.name[:_NAME_MAX]}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(open_new(temporary, mode), "wb") as file:
            file.write(data)
            file.flush()
            if on_disk:
                os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def open_new(path: Path, mode: int = 0o666) -> int:
    """Return the descriptor of a file for writing that is not there yet, not as a link either. Raises OSError."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)


def open_own(path: Path, flags: int, mode: int = 0o666) -> int:
    """Return the descriptor of a file, made when it is missing, that is no link. Raises OSError."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, mode)

# SPDX-License-Identifier: Apache-2.0
"""Room on the disk for a bag's end, and the sign that somebody is writing it: both vanish with the writer."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

RESERVE_FILE, RESERVE_BYTES = ".reserve", 4 << 20  # given back when the disk is full: the summary must fit


class Reserve:
    """Hold the file and a lock on it, which the system releases even when the writer is killed."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError when the folder takes no file."""
        self._path = folder / RESERVE_FILE
        self._file = self._path.open("wb")
        with contextlib.suppress(OSError):
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with contextlib.suppress(OSError):
            os.posix_fallocate(self._file.fileno(), 0, RESERVE_BYTES)

    def give_back(self) -> None:
        """Give the room back; the bag is still being written."""
        with contextlib.suppress(OSError):
            self._file.truncate(0)

    def release(self) -> None:
        """Let go of the bag."""
        self._path.unlink(missing_ok=True)
        self._file.close()


def is_being_written(folder: Path) -> bool:
    """Say whether a writer that is alive has this unfinished bag."""
    try:
        with (folder / RESERVE_FILE).open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False

# SPDX-License-Identifier: Apache-2.0
"""Free the shared memory that killed nodes leave behind: a camera's segment alone is a third of a container's /dev/shm.

Fast DDS keeps `<segment>_el` open and locked (flock) for as long as the segment's owner lives; the kernel lets go of
the lock when that process dies, however it dies. Whoever merely reads a segment does not hold the lock file. So what a
node owns is in the list of its open files, and a lock that can be had has lost its owner.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

_FOLDER = Path("/dev/shm")
_LOCK = "_el"


class OwnedSegments:
    """Note what processes own while they live; remove it once they are dead."""

    def __init__(self) -> None:
        self._locks: set[Path] = set()

    def note(self, pids: Iterable[int]) -> None:
        """Remember the segments of these processes; one that is gone adds nothing."""
        for pid in pids:
            with contextlib.suppress(OSError):
                self._locks.update(lock for lock in map(_target, Path(f"/proc/{pid}/fd").iterdir()) if _is_lock(lock))

    def remove_orphans(self) -> None:
        """Remove the noted segments that nobody owns any more."""
        for lock in self._locks:
            with contextlib.suppress(OSError):  # gone already: its owner tidied up; locked: it is in use
                _remove_if_free(lock)


def _target(link: Path) -> Path:
    try:
        return link.readlink()
    except OSError:
        return Path()


def _is_lock(path: Path) -> bool:
    return path.parent == _FOLDER and path.name.startswith("fastrtps_") and path.name.endswith(_LOCK)


def _remove_if_free(lock: Path) -> None:
    descriptor = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.with_name(lock.name.removesuffix(_LOCK)).unlink(missing_ok=True)
        lock.unlink()
    finally:
        os.close(descriptor)

# SPDX-License-Identifier: Apache-2.0
"""Folders for what processes of one user tell one another: nobody else may write, and no link is followed."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

OVERRIDE = "VLA_RUNTIME_DIR"  # instead of all others, such as for tests
NAME = "vla_ros"


class RuntimeFolder:
    """One folder, known to belong to this user alone; files are reached through it, whatever its path becomes."""

    def __init__(self, path: Path, make: bool = False) -> None:
        """Open the folder; `make`: where it is missing. Raises OSError for one that others could write to."""
        self.path = path
        if make:
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
        self._descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        if status.st_uid != os.getuid() or status.st_mode & 0o077:
            os.close(self._descriptor)
            raise PermissionError(f"{path}: must belong to this user, and to nobody else (chmod 700)")

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError, OSError):
            os.close(self._descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Write a file in one go, readable by this user alone."""
        half = f".{name}.{os.getpid()}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(half, dir_fd=self._descriptor)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(half, flags, 0o600, dir_fd=self._descriptor), "wb") as file:
            file.write(content)
        os.rename(half, name, src_dir_fd=self._descriptor, dst_dir_fd=self._descriptor)

    def read(self, name: str, size_max: int) -> bytes:
        """Return a regular file's content [B]. Raises OSError for what is none, is another's or is larger."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not wait for its writer
        with open(os.open(name, flags, dir_fd=self._descriptor), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_size > size_max:
                raise PermissionError(f"{self.path / name}: not a small file of this user")
            return file.read(size_max)

    def newest(self, ending: str, count: int) -> list[str]:
        """Return the names of files with an ending, newest first, at most `count`."""
        found = []
        with os.scandir(self._descriptor) as entries:
            for entry in entries:
                if entry.name.endswith(ending):
                    with contextlib.suppress(OSError):
                        found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.name))
        return [name for _, name in sorted(found, reverse=True)[:count]]

    def holds_socket(self, name: str) -> bool:
        """Say whether a file is a socket of this user's. Raises OSError where there is none."""
        status = os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.getuid()

    def address(self, name: str) -> str:
        """Return a path to a file that goes through the open folder, and is short enough for a socket's address."""
        return f"/proc/self/fd/{self._descriptor}/{name}"

    def remove(self, name: str) -> None:
        """Remove a file, or the link of that name."""
        os.unlink(name, dir_fd=self._descriptor)


def runtime_folders(make: bool = False) -> Iterator[RuntimeFolder]:
    """Yield the folders that can be used: the session's own (XDG_RUNTIME_DIR) and one that every shell finds.

    A shell without a session, such as of cron or sudo, knows no XDG_RUNTIME_DIR and must find a running arm all the
    same, so what is told is told in each.
    """
    for path in _paths():
        with contextlib.suppress(OSError):
            yield RuntimeFolder(path, make)


def _paths() -> list[Path]:
    if chosen := os.environ.get(OVERRIDE):
        return [Path(chosen) / NAME]
    session, uid = Path(os.environ.get("XDG_RUNTIME_DIR", "")), os.getuid()
    # Not TMPDIR, which differs from shell to shell.
    paths = [Path(f"/run/user/{uid}") / NAME, Path("/tmp") / f"{NAME}_{uid}"]
    return list(dict.fromkeys([session / NAME, *paths] if session.is_absolute() else paths))

# SPDX-License-Identifier: Apache-2.0
"""Change a folder as a whole: the next state is built beside it and takes its place in one rename.

Readers see the old state or the new one, whatever is killed or fills up at whatever moment. What stays the same is
linked, not copied, so files of the folder must never be written in place. Links in the folder, to files or to folders
on another disk, stay links.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.new_file import open_own

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2  # linux/fcntl.h, linux/fs.h
_libc = ctypes.CDLL(None, use_errno=True)


class StagedFolder:
    """Hold the only right to change `root`; build its next state in `stage`, then `commit`."""

    def __init__(self, root: Path) -> None:
        """Raises ConfigError when somebody else is writing, or nothing can be written beside the folder."""
        self.root = root.resolve()
        self._home = self.root.parent / f".{self.root.name}.writing"
        self.stage = self._home / "unset"
        try:
            self.root.parent.mkdir(parents=True, exist_ok=True)
            self._lock = self._acquire()
            # What a killed writer left: not yet part of the dataset, or no longer.
            for left in self._home.iterdir():
                if left.is_dir():
                    shutil.rmtree(left)
            if self._aside.exists():  # killed between two renames, or just after them
                shutil.rmtree(self._aside) if self.root.exists() else os.rename(self._aside, self.root)
        except OSError as error:
            raise ConfigError(f"{self.root}: cannot be written ({error.strerror}): its parent folder must be") from None
        self.restart()

    def restart(self) -> None:
        """Begin a new next state."""
        self.stage = self._home / uuid.uuid4().hex

    def path(self, relative: str) -> Path:
        """Return where a file of the next state is to be written, its folder made."""
        path = self.stage / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def commit(self) -> None:
        """Make the staged files, with those of `root` that they do not replace, the folder's content."""
        if self.root.exists():
            self.stage.mkdir(parents=True, exist_ok=True)
            _keep(self.root, self.stage)
        for folder, _, files in os.walk(self.stage):
            for name in files:
                if not (Path(folder) / name).is_symlink():  # where it leads to is from the place it will have
                    _sync(Path(folder) / name)
            _sync(Path(folder))
        self._swap()
        _sync(self.root.parent)
        shutil.rmtree(self.stage, ignore_errors=True)  # the state before
        self.restart()

    def replace(self, texts: Mapping[str, str]) -> None:
        """Give files of the folder another content, all of them or none, and let others write.

        Raises ConfigError when the disk does not take them.
        """
        try:
            for relative, text in texts.items():
                self.path(relative).write_text(text)
            self.commit()
        except OSError as error:
            raise ConfigError(
                f"{self.root}: cannot be written ({error.strerror}): it is as it was; make room, then try again"
            ) from None
        finally:
            self.discard()
            self.close()

    def discard(self) -> None:
        """Forget what is staged."""
        shutil.rmtree(self.stage, ignore_errors=True)
        self.restart()

    def close(self) -> None:
        """Let others write."""
        if self._lock >= 0:
            shutil.rmtree(self._home, ignore_errors=True)
            os.close(self._lock)
            self._lock = -1

    @property
    def _aside(self) -> Path:
        return self.root.parent / f".{self.root.name}.before"

    def _acquire(self) -> int:
        while True:
            self._home.mkdir(exist_ok=True)
            path = self._home / "lock"
            try:
                lock = open_own(path, os.O_RDWR)
            except FileNotFoundError:  # its last holder is just cleaning up
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise ConfigError(
                    f"{self.root} is being written by another process: wait for it, or write elsewhere and merge"
                ) from None
            try:
                if os.stat(path).st_ino == os.fstat(lock).st_ino:
                    return lock
            except FileNotFoundError:
                pass
            os.close(lock)

    def _swap(self) -> None:
        if not self.root.exists():
            os.rename(self.stage, self.root)
            return
        # Without an exchange the first of two renames is undone by the next writer.
        exchange(self.stage, self.root, self._aside)
        shutil.rmtree(self._aside, ignore_errors=True)


def exchange(one: Path, other: Path, aside: Path | None = None) -> None:
    """Let two folders change places, at once where the file system can; else `other` goes by way of `aside`.

    Given `aside`, it stays there. Raises OSError when it cannot be done.
    """
    done = _libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), ctypes.c_uint(_RENAME_EXCHANGE))
    if done == 0:
        return
    number = ctypes.get_errno()
    if number not in (errno.EINVAL, errno.ENOSYS, errno.EXDEV):
        raise OSError(number, os.strerror(number), str(other))
    way = aside or one.with_name(f"{one.name}.aside")  # some network file systems
    os.rename(other, way)
    os.rename(one, other)
    if aside is None:
        os.rename(way, one)


def _keep(source: Path, target: Path, linked: bool = False) -> None:
    """Link into `target` what it lacks of `source`; `linked`: that is reached by a link and stays where it is."""
    for path in sorted(source.iterdir()):
        kept = target / path.name
        if path.is_dir() and (os.path.lexists(kept) or not path.is_symlink()):
            kept.mkdir(exist_ok=True)
            _keep(path, kept, linked or path.is_symlink())
        elif os.path.lexists(kept):
            continue
        elif path.is_symlink() and not linked:
            kept.symlink_to(path.readlink())
        elif linked:
            kept.symlink_to(path.resolve())
        else:
            _link(path, kept)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK, errno.EXDEV):
            raise
        shutil.copy2(source, target)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

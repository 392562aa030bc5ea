# SPDX-License-Identifier: Apache-2.0
"""What was done with a collection, line by line: appended to, never changed, whole after any crash."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError
from vla_ros.documents import parse_json
from vla_ros.new_file import open_own
from vla_ros.teleop.collection import CollectionError

Event = dict[str, Any]


class Journal:
    """A file of JSON lines that one process at a time has open. A line is on the disk before `append` returns."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a last line that was torn by a crash is cut off. Raises ConfigError."""
        self._path = path
        try:
            # Unbuffered: what the disk did not take must not be left over for a later line to bring along.
            self._file = os.fdopen(open_own(path, os.O_RDWR | os.O_APPEND), "a+b", buffering=0)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be opened ({error.strerror}): name another collection") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ConfigError(f"{path.parent}: is in use by another bridge: stop that one, or name another") from None
        self.events: list[Event] = []
        self.torn = 0  # [bytes] that were cut off
        self._read()

    def append(self, event: str, **values: Any) -> Event:
        """Write one event. Raises CollectionError when the disk does not take it; then nothing has happened."""
        entry: Event = {"event": event, "time": round(time.time(), 3), **values}
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        end = self._file.seek(0, os.SEEK_END)
        number, left = self._file.fileno(), memoryview(line)
        try:
            while left:  # a disk that is nearly full takes a part
                left = left[os.write(number, left) :]
            os.fsync(number)
        except OSError as error:
            with contextlib.suppress(OSError):
                os.ftruncate(number, end)
            raise CollectionError(f"{self._path}: cannot be written ({error.strerror}): make room, try again") from None
        self.events.append(entry)
        return entry

    def close(self) -> None:
        """Let another process have it."""
        self._file.close()

    def _read(self) -> None:
        self._file.seek(0)
        content = self._file.read()
        whole = 0
        for number, line in enumerate(content.splitlines(keepends=True), 1):
            entry = _parsed(line)
            if entry is None:
                if whole + len(line) < len(content):
                    raise ConfigError(
                        f"{self._path}, line {number}: not a whole event, and more follow: put the line right or "
                        "remove it"
                    )
                break
            self.events.append(entry)
            whole += len(line)
        self.torn = len(content) - whole
        if self.torn:
            self._file.truncate(whole)


def _parsed(line: bytes) -> Event | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry = parse_json(line, "an event")
    except ConfigError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("event"), str) else None

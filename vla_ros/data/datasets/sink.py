# SPDX-License-Identifier: Apache-2.0
"""A file that a C library writes through Python without ever seeing an exception: the first one is kept for us."""

from __future__ import annotations

import os
from pathlib import Path


class Sink:
    """Write a file; what fails is raised by `check` and `close`, not where the library would lose or print it."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._file = path.open("wb")
        self._error: OSError | None = None
        self._position = self._size = 0

    def write(self, data: bytes) -> int:
        """Write all of `data`, or keep the reason why not."""
        if self._error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self._error = error
        self._position += len(data)
        self._size = max(self._size, self._position)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place in the file."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        if self._error is None:
            try:
                self._file.seek(self._position)
            except OSError as error:  # what was buffered goes to the disk first
                self._error = error
        return self._position

    def tell(self) -> int:
        """Return the place in the file."""
        return self._position

    @property
    def size(self) -> int:
        """Return the bytes written so far."""
        return self._size

    def check(self) -> None:
        """Raise the OSError that was kept."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Close the file and raise what went wrong with it."""
        try:
            self._file.close()
        except OSError as error:
            self._error = self._error or error
        self.check()

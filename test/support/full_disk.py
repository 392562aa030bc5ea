# SPDX-License-Identifier: Apache-2.0
"""A file on a disk that is full."""

from __future__ import annotations

import errno
import os


class FullDisk:
    """os.write that takes so many bytes and no more, as a full disk does: the last write goes half through."""

    def __init__(self, monkeypatch) -> None:
        self.left = float("inf")
        self._write = os.write
        monkeypatch.setattr("vla_ros.data.bags.mcap.file.os.write", self)

    def __call__(self, fd: int, data: memoryview) -> int:
        if self.left <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        data = data[: int(min(self.left, len(data)))]
        self.left -= len(data)
        return self._write(fd, data)

# SPDX-License-Identifier: Apache-2.0
"""A demonstration on its way: the parts of one upload, each bounded, into a folder that is not a demonstration yet."""

from __future__ import annotations

import asyncio
import errno
import shutil
from pathlib import Path

from aiohttp import BodyPartReader, MultipartReader

from controllers.errors import VlaError
from vla_ros.teleop.fields import ProtocolError
from vla_ros.teleop.hand_recording.checks import (
    PICTURE,
    PICTURES_MAX,
    DemonstrationMetadata,
    parse_metadata,
    picture_size,
)

MB = 1 << 20
METADATA_MAX, LINES_MAX, PICTURE_MAX, TOGETHER_MAX = 64 << 10, 8 * MB, MB, 600 * MB  # [bytes]
FREE_MIN = 512 * MB  # of the disk, that demonstrations leave to others, as the recorder does
SILENCE_S = 60.0  # without a byte: whoever sends has gone
CHUNK = 1 << 16
FULL = (errno.ENOSPC, errno.EDQUOT)


class DiskError(VlaError):
    """The disk does not take a demonstration: it is none of the sender's faults, and he must keep it."""

    def __init__(self, error: OSError) -> None:
        self.full = error.errno in FULL
        super().__init__("the disk is full: make room" if self.full else f"cannot be written ({error.strerror})")


class NoRoomError(DiskError):
    """So little is free that a demonstration would take it from others: the system's, a recorder's."""

    def __init__(self, free: int) -> None:
        VlaError.__init__(self, f"only {free >> 20} MB are free, {FREE_MIN >> 20} MB are to remain: make room")
        self.full = True


def check_room(folder: Path) -> None:
    """Raise DiskError when a demonstration in `folder` would leave too little of the disk."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise DiskError(error) from None
    if free < FREE_MIN:
        raise NoRoomError(free)


class TornError(ProtocolError):
    """The upload broke off: what it brought is not wrong, and may come once more."""


class Arrival:
    """Read an upload's parts: `demonstration` first, `hands` and `pictures` as JSON lines, JPEGs by their names."""

    def __init__(self, reader: MultipartReader) -> None:
        self._reader, self._together = reader, 0
        self.lines: dict[str, bytes] = {}  # hands, pictures
        self.pictures: set[str] = set()
        self.size = (0, 0)  # (width, height) [px] of every picture

    async def metadata(self) -> DemonstrationMetadata:
        """Read the first part. Raises ProtocolError."""
        part = await self._next()
        if part is None or part.name != "demonstration":
            raise ProtocolError("the part 'demonstration' must come first")
        return parse_metadata(await self._read(part, METADATA_MAX))

    async def rest(self, folder: Path | None) -> None:
        """Read all other parts, pictures into `folder`; None drops everything. Raises ProtocolError, DiskError."""
        while (part := await self._next()) is not None:
            name = part.name or ""
            if name in ("hands", "pictures") and name not in self.lines:
                self.lines[name] = await self._read(part, LINES_MAX)
            elif PICTURE.fullmatch(name) and name not in self.pictures:
                if len(self.pictures) >= PICTURES_MAX:
                    raise ProtocolError(f"a demonstration may have {PICTURES_MAX} pictures, this one has more")
                data = await self._read(part, PICTURE_MAX)
                self.pictures.add(name)
                if folder is not None:
                    self._fit(name, await asyncio.to_thread(_keep, folder / name, data))
            else:
                raise ProtocolError(f"part '{name[:40]}' is unknown, or came twice")
        for name in ("hands", "pictures"):
            if name not in self.lines:
                raise ProtocolError(f"the part '{name}' is missing")

    def _fit(self, name: str, size: tuple[int, int]) -> None:
        if self.size not in ((0, 0), size):
            raise ProtocolError(f"{name}: is {size[0]}x{size[1]}, those before are {self.size[0]}x{self.size[1]}")
        self.size = size

    async def _next(self) -> BodyPartReader | None:
        try:
            async with asyncio.timeout(SILENCE_S):
                part = await self._reader.next()
        except Exception as error:  # whatever the body is: aiohttp has many names for a broken one
            raise TornError(f"the upload is torn ({type(error).__name__})") from None
        if isinstance(part, MultipartReader):
            raise ProtocolError("a part holds parts")
        return part

    async def _read(self, part: BodyPartReader, most: int) -> bytes:
        data = bytearray()
        try:
            while True:
                async with asyncio.timeout(SILENCE_S):
                    chunk = await part.read_chunk(CHUNK)
                if not chunk:
                    return bytes(data)
                data += chunk
                self._together += len(chunk)
                if len(data) > most or self._together > TOGETHER_MAX:
                    break
        except Exception as error:
            raise TornError(f"the upload is torn ({type(error).__name__})") from None
        whole = self._together > TOGETHER_MAX
        allowed = f"a demonstration {TOGETHER_MAX >> 20} MB" if whole else f"it {most >> 10} kB"
        raise ProtocolError(f"part '{(part.name or '')[:40]}' is too large: {allowed} at most")


def _keep(path: Path, data: bytes) -> tuple[int, int]:
    """Write a picture and return its width and height [px]. Raises ProtocolError, DiskError."""
    size = picture_size(data, path.name)
    check_room(path.parent)
    try:
        path.write_bytes(data)
    except OSError as error:
        raise DiskError(error) from None
    return size

# SPDX-License-Identifier: Apache-2.0
"""MCAP files that somebody else wrote: no length in one is believed that a bag has no use for."""

from __future__ import annotations

import os
import struct
from io import BytesIO
from typing import BinaryIO

import zstandard
from lz4.frame import LZ4FrameDecompressor
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Metadata
from mcap.summary import Summary

from vla_ros.data.bags.mcap.summary import MAGIC

CHUNK_MAX = 256 << 20  # [B] of a chunk before and after compression; recorders write 1 to 4 MB, or one message
SUMMARY_MAX = 32 << 20  # [B] of what stands behind the data: an index of about 80 000 chunks
METADATA_MAX = 16 << 20  # [B] of one metadata record
METADATA_COUNT_MAX = 32  # records that are read of a file
_RECORD = struct.Struct("<BQ")
_FOOTER = struct.Struct("<BQQQI")

# What mcap's reader raises for bytes that are no MCAP; a file that says it is huge ends in one of the last two.
UNREADABLE = (
    McapError, ValueError, KeyError, IndexError, TypeError, AssertionError, OSError, StopIteration, RuntimeError,
    struct.error, zstandard.ZstdError, OverflowError, MemoryError,
)  # fmt: skip


class BoundedFile:
    """A file for mcap's reader, which asks for as many bytes at once as the file tells it to."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file, self._most = file, most

    def read(self, count: int) -> bytes:
        """Return `count` bytes, fewer at the end. Raises McapError for more than may be requested."""
        if count > self._most:
            raise McapError(f"a length of {count} bytes, allowed are {self._most}")
        return self._file.read(count)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a position."""
        return self._file.seek(offset, whence)


def bounded_reader(file: BinaryIO) -> SeekingReader:
    """Return mcap's reader of a file. Raises one of UNREADABLE."""
    return SeekingReader(BoundedFile(file, METADATA_MAX), record_size_limit=METADATA_MAX)  # type: ignore[arg-type]


def read_summary(file: BinaryIO, reader: SeekingReader) -> Summary | None:
    """Return what stands behind a file's data; None where nothing does. Raises one of UNREADABLE."""
    size = file.seek(0, os.SEEK_END)
    file.seek(size - _FOOTER.size - len(MAGIC))
    start = _FOOTER.unpack(file.read(_FOOTER.size))[2]
    if start and size - start > SUMMARY_MAX:
        raise McapError(f"a summary of {size - start} bytes, allowed are {SUMMARY_MAX}")
    return reader.get_summary()


def read_metadata_records(file: BinaryIO, summary: Summary) -> dict[str, dict[str, str]]:
    """Return a file's metadata records by name; of the same name the last one counts. Raises one of UNREADABLE."""
    offsets = {index.name: index.offset for index in summary.metadata_indexes}
    found = {}
    for name, offset in list(offsets.items())[:METADATA_COUNT_MAX]:
        file.seek(offset)
        head = file.read(_RECORD.size)
        opcode, length = _RECORD.unpack(head)
        if opcode != Opcode.METADATA or length > METADATA_MAX:
            raise McapError(f"metadata '{name[:40]}' of {length} bytes, allowed are {METADATA_MAX}")
        record = Metadata.read(ReadDataStream(BytesIO(file.read(length))))
        found[record.name] = dict(record.metadata)
    return found


def uncompress(compression: str, data: bytes, size: int) -> bytes:
    """Return a chunk's content, which is to be `size` bytes. Raises McapError for anything else."""
    if size > CHUNK_MAX:
        raise McapError(f"a chunk of {size / 1e6:.0f} MB, allowed are {CHUNK_MAX / 1e6:.0f}")
    try:
        if compression == "zstd":
            said = zstandard.frame_content_size(data)  # believed before any bound that its reader is given
            if said not in (-1, size):
                raise McapError(f"a chunk of {size} bytes whose content says {said}")
            data = zstandard.decompress(data, max_output_size=size) if size else b""
        elif compression == "lz4":
            data = LZ4FrameDecompressor().decompress(data, max_length=size + 1)
        elif compression:
            raise McapError(f"compression '{compression[:20]}' is not known")
    except (zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise McapError(str(error)) from None
    if len(data) != size:
        raise McapError(f"a chunk of {size} bytes that holds {len(data)}")
    return data

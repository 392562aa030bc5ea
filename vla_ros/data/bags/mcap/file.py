# SPDX-License-Identifier: Apache-2.0
"""One MCAP file in the writing, such that it is whole up to its last chunk whatever happens.

The `mcap` package's own writer ends a chunk by size alone, cannot say how old it is, copies each message five times and
counts what a full disk kept from being written; records and their layout are the package's.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import zstandard
from mcap.records import Channel, Header, Metadata, MetadataIndex, Schema

from vla_ros.data.bags.mcap.chunk import ChunkBuilder
from vla_ros.data.bags.mcap.summary import MAGIC, McapSummary, record_bytes

PROFILE = "ros2"
SYNC_BYTES = 64 << 20  # sent to the disk in between: what waits in memory for it stays small, and so does the end


class McapFile:
    """Write channels and messages. An OSError leaves the file as it was before the chunk that did not fit."""

    def __init__(self, path: Path, library: str, level: int | None) -> None:
        """Make the file; `level` is that of zstd, None for no compression."""
        self.path, self.summary = path, McapSummary()
        self._chunk = ChunkBuilder(None if level is None else zstandard.ZstdCompressor(level=level))
        self._chunk_began: float | None = None  # [s] monotonic
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        self.offset = 0  # [bytes] written
        self._synced = 0  # [bytes] of them on the disk for sure
        try:
            self._write(MAGIC, record_bytes(Header(PROFILE, library)))
        except OSError:
            os.close(self._fd)
            raise

    @property
    def size(self) -> int:
        """Return what is written and waits to be [bytes]."""
        return self.offset + self._chunk.size

    @property
    def chunk_size(self) -> int:
        """Return the uncompressed size of the chunk in the making [bytes]."""
        return self._chunk.size

    @property
    def chunk_age(self) -> float:
        """Return for how long its first message has waited [s]."""
        return 0.0 if self._chunk_began is None else time.monotonic() - self._chunk_began

    def add_schema(self, name: str, text: str) -> int:
        """Write a message definition; return its number."""
        number = len(self.summary.schemas) + 1
        schema = Schema(id=number, data=text.encode(), encoding="ros2msg", name=name)
        self._write(record_bytes(schema))
        self.summary.schemas[number] = schema
        return number

    def add_channel(self, topic: str, schema: int, metadata: dict[str, str]) -> int:
        """Write a topic; return its number. Outside chunks, so that a torn chunk cannot take it along."""
        number = len(self.summary.channels) + 1
        channel = Channel(id=number, topic=topic, message_encoding="cdr", metadata=metadata, schema_id=schema)
        self._write(record_bytes(channel))
        self.summary.channels[number] = channel
        self.summary.counts[number] = 0
        return number

    def add_metadata(self, name: str, content: dict[str, str]) -> None:
        """Write name-value pairs."""
        data, offset = record_bytes(Metadata(name=name, metadata=content)), self.offset
        self._write(data)
        self.summary.metadata.append(MetadataIndex(offset=offset, length=len(data), name=name))

    def add_message(self, channel: int, sequence: int, log_time: int, publish_time: int, data: bytes) -> None:
        """Put a message into the chunk in the making; times in [ns]."""
        if self._chunk_began is None:
            self._chunk_began = time.monotonic()
        self._chunk.add(channel, sequence, log_time, publish_time, data)

    def end_chunk(self) -> None:
        """Write the chunk in the making, if it holds anything; it is lost when that fails."""
        if self._chunk_began is None:
            return
        self._chunk_began = None
        chunk, offset = self._chunk.finish(), self.offset
        self._write(*chunk.parts)
        self.summary.add_chunk(chunk.index(offset), chunk.counts)
        if self.offset - self._synced >= SYNC_BYTES:
            os.fdatasync(self._fd)
            self._synced = self.offset

    def finish(self) -> None:
        """Write the last chunk and the summary; close. It stays open, and as it was, when that fails."""
        self.end_chunk()
        self._write(self.summary.ending(self.offset))
        os.fsync(self._fd)
        self.close()

    def close(self) -> None:
        """Close the file as it is."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _write(self, *parts: bytes) -> None:
        try:
            for part in parts:
                view = memoryview(part)
                while view:
                    view = view[os.write(self._fd, view) :]
        except OSError:
            os.ftruncate(self._fd, self.offset)
            os.lseek(self._fd, self.offset, os.SEEK_SET)
            raise
        self.offset += sum(map(len, parts))

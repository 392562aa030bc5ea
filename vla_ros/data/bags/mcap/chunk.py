# SPDX-License-Identifier: Apache-2.0
"""A chunk of messages in the making, and the same as bytes with its index.

Bytes of messages are gathered and joined once: an image is not to be copied again and again at 55 MB/s.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import zstandard
from mcap.opcode import Opcode
from mcap.records import ChunkIndex

_MESSAGE = struct.Struct("<BQHIQQ")  # opcode, length, channel, sequence, log time, publish time
_MESSAGE_FIELDS = _MESSAGE.size - 9
_CHUNK = struct.Struct("<BQQQQII")  # opcode, length, start, end, uncompressed size, its CRC, length of the word
_LENGTH = struct.Struct("<Q")
_INDEX = struct.Struct("<BQHI")  # opcode, length, channel, length of the entries


@dataclass(frozen=True)
class FinishedChunk:
    """A chunk record and the index records behind it."""

    record: tuple[bytes, bytes]  # its head, and the messages
    indexes: dict[int, bytes]  # of each channel
    counts: dict[int, int]  # messages of each channel
    start: int  # [ns]
    end: int
    compression: str
    uncompressed: int  # [bytes]

    @property
    def parts(self) -> tuple[bytes, ...]:
        """Return all of it, in the order of the file."""
        return (*self.record, *self.indexes.values())

    def index(self, offset: int) -> ChunkIndex:
        """Return the summary's entry when the chunk is written at `offset`."""
        length = sum(map(len, self.record))
        offsets, position = {}, offset + length
        for channel, data in self.indexes.items():
            offsets[channel] = position
            position += len(data)
        return ChunkIndex(
            chunk_length=length,
            chunk_start_offset=offset,
            compression=self.compression,
            compressed_size=len(self.record[1]),
            message_end_time=self.end,
            message_index_length=position - offset - length,
            message_index_offsets=offsets,
            message_start_time=self.start,
            uncompressed_size=self.uncompressed,
        )


class ChunkBuilder:
    """Gather messages."""

    def __init__(self, compressor: zstandard.ZstdCompressor | None) -> None:
        self._compressor = compressor
        self._clear()

    def _clear(self) -> None:
        self._parts: list[bytes] = []
        self._entries: dict[int, list[int]] = {}
        self.size = 0  # [bytes], uncompressed
        self._start, self._end = 2**64 - 1, 0

    def add(self, channel: int, sequence: int, log_time: int, publish_time: int, data: bytes) -> None:
        """Append a message; times in [ns]."""
        head = _MESSAGE.pack(
            Opcode.MESSAGE, _MESSAGE_FIELDS + len(data), channel, sequence & 0xFFFFFFFF, log_time, publish_time
        )
        self._entries.setdefault(channel, []).extend((log_time, self.size))
        self._parts += (head, data)
        self.size += len(head) + len(data)
        self._start, self._end = min(self._start, log_time), max(self._end, log_time)

    def finish(self) -> FinishedChunk:
        """Return what was gathered and begin anew."""
        content = b"".join(self._parts)
        crc, uncompressed = zlib.crc32(content), len(content)
        word = b""
        if self._compressor is not None:
            content, word = self._compressor.compress(content), b"zstd"
        length = _CHUNK.size - 9 + len(word) + _LENGTH.size + len(content)
        head = _CHUNK.pack(Opcode.CHUNK, length, self._start, self._end, uncompressed, crc, len(word))
        chunk = FinishedChunk(
            record=(head + word + _LENGTH.pack(len(content)), content),
            indexes={channel: index_record(channel, entries) for channel, entries in self._entries.items()},
            counts={channel: len(entries) // 2 for channel, entries in self._entries.items()},
            start=self._start,
            end=self._end,
            compression=word.decode(),
            uncompressed=uncompressed,
        )
        self._clear()
        return chunk


def index_record(channel: int, entries: list[int]) -> bytes:
    """Return a MessageIndex record; `entries` are log time and offset of one message after the other."""
    size = 8 * len(entries)
    return _INDEX.pack(Opcode.MESSAGE_INDEX, 6 + size, channel, size) + struct.pack(f"<{len(entries)}Q", *entries)

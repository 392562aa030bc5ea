# SPDX-License-Identifier: Apache-2.0
"""The messages of an MCAP file in the order of their times, a chunk at a time and no more than memory holds."""

from __future__ import annotations

import heapq
import os
import struct
from collections.abc import Collection, Iterator, Sequence
from typing import BinaryIO, NamedTuple

from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex
from mcap.summary import Summary

from vla_ros.data.bags.mcap.input import CHUNK_MAX, uncompress
from vla_ros.data.bags.mcap.summary import MAGIC

RECORD = struct.Struct("<BQ")
MESSAGE = struct.Struct("<HIQQ")  # channel, sequence, log time, publish time
CHUNK_HEAD = struct.Struct("<QQQII")  # start, end, uncompressed size, CRC, length of the compression's name
LENGTH = struct.Struct("<Q")
HELD_MAX = 2 * CHUNK_MAX  # [B] of chunks whose times overlap, all of which are needed at once
RECORDS_MAX = 2_000_000  # of a chunk
_HEAD_MAX = CHUNK_HEAD.size + LENGTH.size + 64  # [B] of a chunk without its content


class McapMessage(NamedTuple):
    """One message; times in [ns]."""

    channel: Channel
    sequence: int
    log_time: int
    publish_time: int
    data: bytes


class _Chunk(NamedTuple):
    """An open chunk."""

    data: bytes
    entries: list[tuple[int, int, int]]  # of the messages that are wanted: log time, position, end; in order


def records(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield opcode, position and end of the content of each record in a chunk. Raises McapError."""
    position, count = 0, 0
    while position < len(data):
        if position + RECORD.size > len(data):
            raise McapError("a record that goes on behind its chunk")
        opcode, length = RECORD.unpack_from(data, position)
        begin, position = position + RECORD.size, position + RECORD.size + length
        count += 1
        if position > len(data) or not opcode or (opcode == Opcode.MESSAGE and length < MESSAGE.size):
            raise McapError("a record that goes on behind its chunk, or is none")
        if count > RECORDS_MAX:
            raise McapError(f"a chunk of more than {RECORDS_MAX} records")
        yield opcode, begin, position


def ordered_messages(
    file: BinaryIO, summary: Summary, topics: Collection[str] | None, start: int | None, end: int | None
) -> Iterator[McapMessage]:
    """Yield messages of `topics` (None: all) from `start` up to but without `end` [ns]. Raises one of UNREADABLE."""
    wanted = {
        number: channel for number, channel in summary.channels.items() if topics is None or channel.topic in topics
    }
    if summary.chunk_indexes:
        yield from _chunk_messages(file, summary.chunk_indexes, wanted, start, end)
        return
    chunks, entries = _walk(file, wanted)
    entries = [entry for entry in entries if (start is None or entry[0] >= start) and (end is None or entry[0] < end)]
    yield from heapq.merge(
        _chunk_messages(file, chunks, wanted, start, end),
        _loose_messages(file, entries, wanted),
        key=lambda message: message.log_time,
    )


def _chunk_messages(
    file: BinaryIO, indexes: Sequence[ChunkIndex], wanted: dict[int, Channel], start: int | None, end: int | None
) -> Iterator[McapMessage]:
    chunks = [chunk for chunk in indexes if _serves(chunk, wanted, start, end)]
    chunks.sort(key=lambda chunk: (chunk.message_start_time, chunk.chunk_start_offset), reverse=True)
    held = 0
    heap: list[tuple[int, int, int]] = []  # log time, position of the chunk in the file, number in the chunk
    opened: dict[int, _Chunk] = {}
    while chunks or heap:
        while chunks and (not heap or chunks[-1].message_start_time <= heap[0][0]):
            offset = chunks.pop().chunk_start_offset
            chunk = _open(file, offset, wanted, start, end)
            if not chunk.entries or offset in opened:
                continue
            held += len(chunk.data)
            if held > HELD_MAX:
                raise McapError(f"chunks of more than {HELD_MAX / 1e6:.0f} MB at the same time")
            opened[offset] = chunk
            heapq.heappush(heap, (chunk.entries[0][0], offset, 0))
        if not heap:
            return
        _, offset, number = heap[0]
        chunk = opened[offset]
        yield _message(chunk, number, wanted)
        if number + 1 < len(chunk.entries):
            heapq.heapreplace(heap, (chunk.entries[number + 1][0], offset, number + 1))
        else:
            heapq.heappop(heap)
            held -= len(opened.pop(offset).data)


def _serves(chunk: ChunkIndex, wanted: Collection[int], start: int | None, end: int | None) -> bool:
    if (start is not None and chunk.message_end_time < start) or (end is not None and chunk.message_start_time >= end):
        return False
    # Without an index nobody knows which channels are in it.
    return not chunk.message_index_offsets or any(number in wanted for number in chunk.message_index_offsets)


def _open(file: BinaryIO, offset: int, wanted: Collection[int], start: int | None, end: int | None) -> _Chunk:
    file.seek(offset)
    head = file.read(RECORD.size + _HEAD_MAX)
    if len(head) < RECORD.size + CHUNK_HEAD.size + LENGTH.size or head[0] != Opcode.CHUNK:
        raise McapError("no chunk where the index says")
    _, _, size, _, name_length = CHUNK_HEAD.unpack_from(head, RECORD.size)
    begin = RECORD.size + CHUNK_HEAD.size
    if begin + name_length + LENGTH.size > len(head):
        raise McapError("a chunk whose compression has no name")
    compression = head[begin : begin + name_length].decode("ascii", "replace")
    (length,) = LENGTH.unpack_from(head, begin + name_length)
    if length > CHUNK_MAX:
        raise McapError(f"a chunk of {length / 1e6:.0f} MB, allowed are {CHUNK_MAX / 1e6:.0f}")
    file.seek(offset + begin + name_length + LENGTH.size)
    stored = file.read(length)
    if len(stored) != length:
        raise McapError("a chunk that goes on behind the file's end")
    data = uncompress(compression, stored, size)
    entries = []
    for opcode, position, after in records(data):
        if opcode == Opcode.MESSAGE:
            channel, _, log_time, _ = MESSAGE.unpack_from(data, position)
            if channel in wanted and (start is None or log_time >= start) and (end is None or log_time < end):
                entries.append((log_time, position, after))
    entries.sort()
    return _Chunk(data, entries)


def _message(chunk: _Chunk, number: int, channels: dict[int, Channel]) -> McapMessage:
    _, position, after = chunk.entries[number]
    channel, sequence, log_time, publish_time = MESSAGE.unpack_from(chunk.data, position)
    data = chunk.data[position + MESSAGE.size : after]
    return McapMessage(channels[channel], sequence, log_time, publish_time, data)


def _walk(file: BinaryIO, wanted: Collection[int]) -> tuple[list[ChunkIndex], list[tuple[int, int, int]]]:
    """Return the chunks of a file that has no index of them, and the messages outside chunks: time, position, end."""
    size = file.seek(0, os.SEEK_END)
    position = len(MAGIC)
    chunks: list[ChunkIndex] = []
    loose: list[tuple[int, int, int]] = []
    while True:
        file.seek(position)
        head = file.read(RECORD.size + CHUNK_HEAD.size)
        if len(head) < RECORD.size:
            return chunks, loose
        opcode, length = RECORD.unpack_from(head)
        begin, after = position + RECORD.size, position + RECORD.size + length
        if opcode == Opcode.DATA_END:
            return chunks, loose
        if not opcode or after > size:
            raise McapError("a record that goes on behind the file's end, or is none")
        if opcode == Opcode.CHUNK:
            start, end = CHUNK_HEAD.unpack_from(head, RECORD.size)[:2]
            chunks.append(ChunkIndex(length, position, "", 0, end, 0, {}, start, 0))
        elif opcode == Opcode.MESSAGE and length >= MESSAGE.size:
            channel, _, log_time, _ = MESSAGE.unpack_from(head, RECORD.size)
            if channel in wanted:
                loose.append((log_time, begin, after))
        position = after


def _loose_messages(
    file: BinaryIO, entries: list[tuple[int, int, int]], channels: dict[int, Channel]
) -> Iterator[McapMessage]:
    for _, begin, after in sorted(entries):
        if after - begin > CHUNK_MAX:
            raise McapError(f"a message of {(after - begin) / 1e6:.0f} MB, allowed are {CHUNK_MAX / 1e6:.0f}")
        file.seek(begin)
        data = file.read(after - begin)
        channel, sequence, log_time, publish_time = MESSAGE.unpack_from(data)
        yield McapMessage(channels[channel], sequence, log_time, publish_time, data[MESSAGE.size :])

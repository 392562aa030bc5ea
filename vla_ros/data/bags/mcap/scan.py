# SPDX-License-Identifier: Apache-2.0
"""An MCAP file read from front to back without trusting its end: what is whole in it, and up to where."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from mcap.data_stream import ReadDataStream
from mcap.opcode import Opcode
from mcap.records import Channel, ChunkIndex, Header, Metadata, MetadataIndex, Schema

from vla_ros.data.bags.mcap.chunk import index_record
from vla_ros.data.bags.mcap.input import CHUNK_MAX, METADATA_MAX, UNREADABLE, bounded_reader, read_summary, uncompress
from vla_ros.data.bags.mcap.messages import CHUNK_HEAD, LENGTH, MESSAGE, RECORD, records
from vla_ros.data.bags.mcap.summary import MAGIC, McapSummary

_CHUNK_RECORD_MAX = CHUNK_MAX + 1024  # [B] of a chunk with what it says of itself
_OPCODES = range(Opcode.HEADER, Opcode.DATA_END + 1)
_BLOCK = 1 << 20  # [B] read at once


class _Damaged(Exception):
    """A record that is not what it says."""


@dataclass
class ScannedFile:
    """What was found. Positions are in [bytes] from the file's beginning."""

    path: Path
    size: int
    library: str = ""
    summary: McapSummary = field(default_factory=McapSummary)
    indexes: dict[int, dict[int, bytes]] = field(default_factory=dict)  # of the chunk at a position, by channel
    end: int = 0  # behind the last record that is whole, chunks with their indexes
    finished: bool = False  # footer and all, right behind that
    unindexed: bool = False  # the last chunk is whole, the index behind it is not
    holes: list[tuple[int, int]] = field(default_factory=list)  # from where to where nothing is readable
    custom_data: dict[str, str] = field(default_factory=dict)  # of our own metadata record
    backwards: dict[str, int] = field(default_factory=dict)  # [ns] largest step back of a topic's receive times

    @property
    def whole(self) -> bool:
        """Say whether there is nothing to repair."""
        return self.finished and not self.holes


def scan(path: Path, progress: Callable[[int], None] = lambda position: None) -> ScannedFile:
    """Read every record of a file and check every checksum; `progress` hears of the position [bytes]."""
    found = ScannedFile(path, path.stat().st_size)
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        found.end = len(MAGIC)
        last: dict[int, int] = {}
        while True:
            begin = found.end
            file.seek(begin)
            try:
                if not _take_record(file, found, last):
                    break
            except OSError:  # of the disk
                raise
            except (_Damaged, *UNREADABLE):
                position = _next_chunk(path, begin) or _next_record(file, found.size, begin)
                if position is None and _cut_off(file, found.size, begin):
                    break
                # Where nothing says how it goes on behind the place, all of the rest is damaged, not torn off.
                found.holes.append((begin, position or found.size))
                found.end = position or found.size
            progress(found.end)
    return found


def _take_record(file: BinaryIO, found: ScannedFile, last: dict[int, int]) -> bool:
    """Take the record at `found.end`, for a chunk with its indexes; False at the end of the data."""
    begin = found.end
    opcode, content, after = _read_record(file, found.size, begin)
    summary, stream = found.summary, ReadDataStream(BytesIO(content))
    if opcode == Opcode.HEADER:
        found.library = Header.read(stream).library
    elif opcode == Opcode.SCHEMA:
        schema = Schema.read(stream)
        summary.schemas[schema.id] = schema
    elif opcode == Opcode.CHANNEL:
        _add_channel(Channel.read(stream), summary)
    elif opcode == Opcode.CHUNK:
        after = _take_chunk(file, found, last, begin, content)
    elif opcode == Opcode.METADATA:
        metadata = Metadata.read(stream)
        summary.metadata.append(MetadataIndex(offset=begin, length=after - begin, name=metadata.name))
        if metadata.name == "vla_ros":
            found.custom_data = dict(metadata.metadata)
    elif opcode == Opcode.ATTACHMENT:
        summary.attachments += 1
    elif opcode == Opcode.MESSAGE:
        raise _Damaged("a message outside a chunk has no index to be found by")
    elif opcode == Opcode.DATA_END:
        found.finished = _ends_well(file, found.size)
        return False
    elif opcode not in (Opcode.MESSAGE_INDEX,) and not 0x80 <= opcode <= 0xFF:
        raise _Damaged(f"opcode {opcode}")
    found.end = after
    return True


def _read_record(file: BinaryIO, size: int, begin: int) -> tuple[int, bytes, int]:
    """Return opcode, content and end of a record; an attachment is nobody's concern here, and not read."""
    head = file.read(RECORD.size)
    if len(head) < RECORD.size:
        raise _Damaged("no record")
    opcode, length = RECORD.unpack(head)
    if begin + RECORD.size + length > size:
        raise _Damaged("a record that goes on behind the end")
    most = {Opcode.CHUNK: _CHUNK_RECORD_MAX, Opcode.ATTACHMENT: size}.get(opcode, METADATA_MAX)
    if length > most:
        raise _Damaged(f"a record of {length} bytes")
    return opcode, b"" if opcode == Opcode.ATTACHMENT else file.read(length), begin + RECORD.size + length


def _take_chunk(file: BinaryIO, found: ScannedFile, last: dict[int, int], begin: int, content: bytes) -> int:
    summary = found.summary
    data, compression = _uncompress(content)
    entries: dict[int, list[int]] = {}
    for channel, log_time, offset in _chunk_messages(data, summary):
        entries.setdefault(channel, []).extend((log_time, offset))
        if log_time < last.get(channel, 0):
            topic = summary.channels[channel].topic
            found.backwards[topic] = max(found.backwards.get(topic, 0), last[channel] - log_time)
        last[channel] = log_time
    after = begin + RECORD.size + len(content)
    start, end = CHUNK_HEAD.unpack_from(content)[:2]
    found.indexes[begin] = {channel: index_record(channel, item) for channel, item in entries.items()}
    index = ChunkIndex(
        chunk_length=after - begin,
        chunk_start_offset=begin,
        compression=compression,
        compressed_size=len(content) - CHUNK_HEAD.size - len(compression) - LENGTH.size,
        message_end_time=end,
        message_index_length=0,
        message_index_offsets={},
        message_start_time=start,
        uncompressed_size=len(data),
    )
    summary.add_chunk(index, {channel: len(item) // 2 for channel, item in entries.items()})
    return _take_indexes(file, found, index, after)


def _take_indexes(file: BinaryIO, found: ScannedFile, index: ChunkIndex, position: int) -> int:
    """Note where a chunk's indexes are; where they are not whole, say so and stop in front of them."""
    wanted = found.indexes[index.chunk_start_offset]
    first, offsets = position, {}
    for _ in range(len(wanted)):
        try:
            opcode, content, end = _read_record(file, found.size, position)
        except _Damaged:
            break
        if opcode != Opcode.MESSAGE_INDEX or len(content) < 2:
            break
        offsets[int.from_bytes(content[:2], "little")] = position
        position = end
    found.unindexed = offsets.keys() != wanted.keys()
    if found.unindexed:
        return first
    index.message_index_offsets, index.message_index_length = offsets, position - first
    return position


def _uncompress(content: bytes) -> tuple[bytes, str]:
    _, _, size, crc, name_length = CHUNK_HEAD.unpack_from(content)
    begin = CHUNK_HEAD.size
    compression = content[begin : begin + name_length].decode("ascii", "replace")
    begin += name_length
    (length,) = LENGTH.unpack_from(content, begin)
    data = content[begin + LENGTH.size :]
    if len(data) != length:
        raise _Damaged("a chunk of another length")
    data = uncompress(compression, data, size)
    if crc and zlib.crc32(data) != crc:
        raise _Damaged("a chunk's checksum is wrong")
    return data, compression


def _chunk_messages(data: bytes, summary: McapSummary) -> Iterator[tuple[int, int, int]]:
    """Yield channel, log time [ns] and position of each message; take the schemas and channels in between."""
    for opcode, begin, end in records(data):
        if opcode == Opcode.MESSAGE:
            channel, _, log_time, _ = MESSAGE.unpack_from(data, begin)
            if channel not in summary.channels:
                raise _Damaged("a message of no channel")
            yield channel, log_time, begin - RECORD.size
        elif opcode == Opcode.SCHEMA:
            schema = Schema.read(ReadDataStream(BytesIO(data[begin:end])))
            summary.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            _add_channel(Channel.read(ReadDataStream(BytesIO(data[begin:end]))), summary)


def _add_channel(channel: Channel, summary: McapSummary) -> None:
    summary.channels[channel.id] = channel
    summary.counts.setdefault(channel.id, 0)


def _ends_well(file: BinaryIO, size: int) -> bool:
    """Say whether a file has a footer and a summary that can be read."""
    try:
        file.seek(0)
        return read_summary(file, bounded_reader(file)) is not None
    except UNREADABLE:
        return False


def _next_chunk(path: Path, position: int) -> int | None:
    """Return where the next chunk behind a damaged place begins, if the file's own summary knows."""
    try:
        with path.open("rb") as file:
            summary = read_summary(file, bounded_reader(file))
    except UNREADABLE:
        return None
    starts = [] if summary is None else [chunk.chunk_start_offset for chunk in summary.chunk_indexes]
    return min((start for start in starts if start > position), default=None)


def _next_record(file: BinaryIO, size: int, position: int) -> int | None:
    """Return where the record behind a damaged one begins, if what that says of its length leads to one."""
    head = _head(file, position)
    after = position + RECORD.size + head[1] if head is not None else size
    behind = _head(file, after) if after < size else None
    return None if behind is None or not behind[0] or after + RECORD.size + behind[1] > size else after


def _cut_off(file: BinaryIO, size: int, position: int) -> bool:
    """Say whether a file just ends in a record, as a kill leaves it, or in zeros, as a power cut does."""
    head = _head(file, position)
    if head is None or (head[0] in _OPCODES and size < position + RECORD.size + head[1] <= size + _CHUNK_RECORD_MAX):
        return True
    file.seek(position)
    while block := file.read(_BLOCK):
        if block.count(0) < len(block):
            return False
    return True


def _head(file: BinaryIO, position: int) -> tuple[int, int] | None:
    """Return opcode and length of a record; None where the file ends before."""
    file.seek(position)
    head = file.read(RECORD.size)
    return RECORD.unpack(head) if len(head) == RECORD.size else None

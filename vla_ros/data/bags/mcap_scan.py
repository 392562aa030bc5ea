# SPDX-License-Identifier: Apache-2.0
"""An MCAP file read from front to back without trusting its end: what is whole in it, and up to where."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import zstandard
from lz4.frame import decompress as lz4_decompress
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Channel, ChunkIndex, Header, Metadata, MetadataIndex, Schema

from vla_ros.data.bags.mcap_chunk import index_record
from vla_ros.data.bags.mcap_summary import MAGIC, McapSummary

_RECORD = struct.Struct("<BQ")
_MESSAGE = struct.Struct("<HIQQ")
_CHUNK_BEGIN = struct.Struct("<QQQII")  # start, end, uncompressed size, CRC, length of the compression's name
_LENGTH = struct.Struct("<Q")


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
            except (_Damaged, McapError, ValueError, struct.error, UnicodeDecodeError):
                position = _next_chunk(path, begin)
                if position is None:
                    break
                found.holes.append((begin, position))
                found.end = position
            progress(found.end)
    return found


def _take_record(file: BinaryIO, found: ScannedFile, last: dict[int, int]) -> bool:
    """Take the record at `found.end`, for a chunk with its indexes; False at the end of the data."""
    begin = found.end
    opcode, content = _read_record(file, found.size, begin)
    summary, stream = found.summary, ReadDataStream(BytesIO(content))
    after = begin + _RECORD.size + len(content)
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


def _read_record(file: BinaryIO, size: int, begin: int) -> tuple[int, bytes]:
    head = file.read(_RECORD.size)
    if len(head) < _RECORD.size:
        raise _Damaged("no record")
    opcode, length = _RECORD.unpack(head)
    if begin + _RECORD.size + length > size:
        raise _Damaged("a record that goes on behind the end")
    return opcode, file.read(length)


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
    after = begin + _RECORD.size + len(content)
    start, end = _CHUNK_BEGIN.unpack_from(content)[:2]
    found.indexes[begin] = {channel: index_record(channel, item) for channel, item in entries.items()}
    index = ChunkIndex(
        chunk_length=after - begin,
        chunk_start_offset=begin,
        compression=compression,
        compressed_size=len(content) - _CHUNK_BEGIN.size - len(compression) - _LENGTH.size,
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
            opcode, content = _read_record(file, found.size, position)
        except _Damaged:
            break
        if opcode != Opcode.MESSAGE_INDEX or len(content) < 2:
            break
        offsets[int.from_bytes(content[:2], "little")] = position
        position += _RECORD.size + len(content)
    found.unindexed = offsets.keys() != wanted.keys()
    if found.unindexed:
        return first
    index.message_index_offsets, index.message_index_length = offsets, position - first
    return position


def _uncompress(content: bytes) -> tuple[bytes, str]:
    _, _, size, crc, name_length = _CHUNK_BEGIN.unpack_from(content)
    begin = _CHUNK_BEGIN.size
    compression = content[begin : begin + name_length].decode("ascii", "replace")
    begin += name_length
    (length,) = _LENGTH.unpack_from(content, begin)
    data = content[begin + _LENGTH.size :]
    if len(data) != length:
        raise _Damaged("a chunk of another length")
    try:
        if compression == "zstd":
            data = zstandard.decompress(data, max_output_size=size)
        elif compression == "lz4":
            data = lz4_decompress(data)
    except (zstandard.ZstdError, RuntimeError) as error:
        raise _Damaged(str(error)) from None
    if len(data) != size or (crc and zlib.crc32(data) != crc):
        raise _Damaged("a chunk's checksum is wrong")
    return data, compression


def _chunk_messages(data: bytes, summary: McapSummary) -> Iterator[tuple[int, int, int]]:
    """Yield channel, log time [ns] and position of each message; take the schemas and channels in between."""
    position = 0
    while position < len(data):
        opcode, length = _RECORD.unpack_from(data, position)
        begin = position + _RECORD.size
        if opcode == Opcode.MESSAGE:
            channel, _, log_time, _ = _MESSAGE.unpack_from(data, begin)
            if channel not in summary.channels:
                raise _Damaged("a message of no channel")
            yield channel, log_time, position
        elif opcode == Opcode.SCHEMA:
            schema = Schema.read(ReadDataStream(BytesIO(data[begin : begin + length])))
            summary.schemas[schema.id] = schema
        elif opcode == Opcode.CHANNEL:
            _add_channel(Channel.read(ReadDataStream(BytesIO(data[begin : begin + length]))), summary)
        position = begin + length


def _add_channel(channel: Channel, summary: McapSummary) -> None:
    summary.channels[channel.id] = channel
    summary.counts.setdefault(channel.id, 0)


def _ends_well(file: BinaryIO, size: int) -> bool:
    """Say whether a file has a footer and a summary that can be read."""
    try:
        file.seek(0)
        return SeekingReader(file).get_summary() is not None
    except (McapError, ValueError, KeyError, OSError, struct.error):
        return False


def _next_chunk(path: Path, position: int) -> int | None:
    """Return where the next chunk behind a damaged place begins, if the file's own summary knows."""
    try:
        with path.open("rb") as file:
            summary = SeekingReader(file).get_summary()
    except (McapError, ValueError, KeyError, OSError, struct.error):
        return None
    starts = [] if summary is None else [chunk.chunk_start_offset for chunk in summary.chunk_indexes]
    return min((start for start in starts if start > position), default=None)

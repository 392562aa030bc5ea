# SPDX-License-Identifier: Apache-2.0
"""What the end of an MCAP file says about the rest of it: schemas, channels, counts and where each chunk is."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from mcap.data_stream import RecordBuilder
from mcap.opcode import Opcode
from mcap.records import (
    Channel,
    ChunkIndex,
    DataEnd,
    Footer,
    McapRecord,
    MetadataIndex,
    Schema,
    Statistics,
    SummaryOffset,
)

MAGIC = b"\x89MCAP0\r\n"
_FOOTER_HEAD = struct.Struct("<BQQQ")


def record_bytes(record: McapRecord) -> bytes:
    """Return a record as it stands in a file."""
    builder = RecordBuilder()
    record.write(builder)
    return builder.end()


@dataclass
class McapSummary:
    """The state of a file as far as it is written; times in [ns]."""

    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    chunks: list[ChunkIndex] = field(default_factory=list)
    metadata: list[MetadataIndex] = field(default_factory=list)
    counts: dict[int, int] = field(default_factory=dict)  # messages of each channel
    attachments: int = 0

    @property
    def count(self) -> int:
        """Return the number of messages."""
        return sum(self.counts.values())

    @property
    def start(self) -> int:
        """Return the log time of the earliest message, 0 when there is none."""
        return min((chunk.message_start_time for chunk in self.chunks), default=0)

    @property
    def end(self) -> int:
        """Return the log time of the latest message, 0 when there is none."""
        return max((chunk.message_end_time for chunk in self.chunks), default=0)

    def add_chunk(self, index: ChunkIndex, counts: dict[int, int]) -> None:
        """Take a chunk that is in the file, with its number of messages a channel."""
        self.chunks.append(index)
        for channel, count in counts.items():
            self.counts[channel] = self.counts.get(channel, 0) + count

    def ending(self, offset: int) -> bytes:
        """Return all that comes after the data, which ends at `offset`."""
        data_end = record_bytes(DataEnd(0))
        start = offset + len(data_end)
        body, groups = b"", []
        for opcode, records in self._groups():
            if not records:
                continue
            group = b"".join(record_bytes(record) for record in records)
            groups.append(SummaryOffset(opcode, start + len(body), len(group)))
            body += group
        offsets_start = start + len(body)
        body += b"".join(record_bytes(group) for group in groups)
        head = _FOOTER_HEAD.pack(Opcode.FOOTER, 20, start, offsets_start)
        footer = record_bytes(Footer(start, offsets_start, zlib.crc32(head, zlib.crc32(body))))
        return data_end + body + footer + MAGIC

    def _groups(self) -> Sequence[tuple[Opcode, Sequence[McapRecord]]]:
        statistics = Statistics(
            attachment_count=self.attachments,
            channel_count=len(self.channels),
            channel_message_counts=dict(self.counts),
            chunk_count=len(self.chunks),
            message_count=self.count,
            metadata_count=len(self.metadata),
            message_start_time=self.start,
            message_end_time=self.end,
            schema_count=len(self.schemas),
        )
        return (
            (Opcode.SCHEMA, list(self.schemas.values())),
            (Opcode.CHANNEL, list(self.channels.values())),
            (Opcode.STATISTICS, [statistics]),
            (Opcode.CHUNK_INDEX, self.chunks),
            (Opcode.METADATA_INDEX, self.metadata),
        )

# SPDX-License-Identifier: Apache-2.0
"""A bag in the reading: topics, times, and its messages in the order they were received, raw or decoded."""

from __future__ import annotations

import contextlib
import heapq
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple

from mcap.summary import Summary

from controllers.errors import unknown_name
from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.location import BagFiles, locate
from vla_ros.data.bags.mcap.input import UNREADABLE, bounded_reader, read_metadata_records, read_summary
from vla_ros.data.bags.mcap.messages import ordered_messages
from vla_ros.data.bags.message_definitions import MessageDefinition
from vla_ros.data.bags.offered_qos import OfferedQos, read_qos


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag."""

    name: str
    definition: MessageDefinition
    count: int
    qos: tuple[OfferedQos, ...]

    @property
    def type(self) -> str:
        """Return the message type, such as std_msgs/msg/String."""
        return self.definition.name


class BagMessage(NamedTuple):
    """One message as it was received; times in [ns] since the epoch."""

    topic: str
    log_time: int  # when it was received
    publish_time: int  # when it was sent
    data: bytes  # CDR
    sequence: int


class _OpenFile(NamedTuple):
    """One file of a bag."""

    stream: BinaryIO
    summary: Summary


class BagReader:
    """Read a whole bag: its folder, or one of its files. A context manager."""

    def __init__(self, path: Path | str) -> None:
        """Open it. Raises BagError with the remedy for what is not there, no bag or torn."""
        self.files: BagFiles = locate(Path(path))
        self._open = contextlib.ExitStack()
        self._codec = MessageCodec()
        self.topics: dict[str, BagTopic] = {}
        self._readers: list[_OpenFile] = []
        try:
            for file in self.files.paths:
                self._readers.append(self._summarised(file))
        except BaseException:
            self.close()
            raise
        for topic in self.files.topics:  # announced, and perhaps silent
            if topic.name not in self.topics:
                definition = MessageDefinition(topic.type, "", topic.type_hash)
                self.topics[topic.name] = BagTopic(topic.name, definition, 0, topic.qos)

    @property
    def count(self) -> int:
        """Return the number of messages."""
        return sum(topic.count for topic in self.topics.values())

    @property
    def start(self) -> int:
        """Return when the first message was received [ns]; 0 for an empty bag."""
        return min((s.statistics.message_start_time for s in self._filled()), default=0)

    @property
    def end(self) -> int:
        """Return when the last message was received [ns]; 0 for an empty bag."""
        return max((s.statistics.message_end_time for s in self._filled()), default=0)

    @property
    def duration_s(self) -> float:
        """Return the time from the first to the last message [s]."""
        return (self.end - self.start) * 1e-9

    @property
    def uncompressed_size(self) -> int:
        """Return the size of all chunks before compression [bytes]."""
        return sum(chunk.uncompressed_size for file in self._readers for chunk in file.summary.chunk_indexes)

    def topic(self, name: str) -> BagTopic:
        """Return a topic. Raises BagError that names the nearest one."""
        if name not in self.topics:
            raise BagError(f"{self.files.path}: {unknown_name('topic', name, self.topics)}")
        return self.topics[name]

    def messages(
        self, topics: Collection[str] | None = None, start: int | None = None, end: int | None = None
    ) -> Iterator[BagMessage]:
        """Yield messages of `topics` (None: all) received from `start` up to but without `end` [ns], in that order."""
        for name in topics or ():
            self.topic(name)
        streams = [self._messages(file, topics, start, end) for file in self._readers]
        # Files follow each other, but where the clock went back they overlap.
        yield from heapq.merge(*streams, key=lambda message: message.log_time)

    def decode(self, message: BagMessage) -> Any:
        """Return what a message says, arrays as NumPy. Raises BagError when its bytes or its type are unreadable."""
        definition = self.topics[message.topic].definition
        self._codec.learn(definition.name, definition.text)
        return self._codec.decode(definition.name, message.data)

    def decoded(self, topic: str, start: int | None = None, end: int | None = None) -> Iterator[tuple[BagMessage, Any]]:
        """Yield a topic's messages together with what they say."""
        for message in self.messages((topic,), start, end):
            yield message, self.decode(message)

    def metadata_records(self) -> dict[str, dict[str, str]]:
        """Return the files' metadata records; of the same name the last one counts."""
        found = {}
        for file in self._readers:
            try:
                found.update(read_metadata_records(file.stream, file.summary))
            except UNREADABLE as error:
                raise self._damaged(error) from error
        return found

    @property
    def custom_data(self) -> dict[str, str]:
        """Return what the recorder noted about the bag."""
        return dict(self.files.custom_data) or self.metadata_records().get("vla_ros", {})

    def close(self) -> None:
        """Close the files."""
        self._open.close()

    def __enter__(self) -> BagReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- files ---------------------------------------------------------------------------------------------------------
    def _summarised(self, path: Path) -> _OpenFile:
        torn = f"{path}: truncated or damaged: `vla bag repair {self.files.path}`"
        try:
            file = self._open.enter_context(path.open("rb"))
        except OSError as error:
            raise BagError(f"{path}: cannot be read ({error.strerror})") from None
        try:
            summary = read_summary(file, bounded_reader(file))
        except UNREADABLE as error:
            raise BagError(torn) from error
        if summary is None or summary.statistics is None:
            raise BagError(torn)
        for number, channel in summary.channels.items():
            schema = summary.schemas.get(channel.schema_id)
            count = summary.statistics.channel_message_counts.get(number, 0)
            before = self.topics.get(channel.topic)
            if schema is None or channel.message_encoding != "cdr":
                raise BagError(f"{path}: topic {channel.topic} is no ROS 2 message in CDR: not a bag of rosbag2")
            text = schema.data.decode(errors="replace")
            definition = MessageDefinition(schema.name, text, channel.metadata.get("topic_type_hash", ""))
            qos = read_qos(channel.metadata.get("offered_qos_profiles"))
            known = before.count if before else 0
            self.topics[channel.topic] = BagTopic(channel.topic, definition, known + count, qos)
        return _OpenFile(file, summary)

    def _filled(self) -> list[Any]:
        return [s for _, s in self._readers if s.statistics is not None and s.statistics.message_count]

    def _messages(
        self, file: _OpenFile, topics: Collection[str] | None, start: int | None, end: int | None
    ) -> Iterator[BagMessage]:
        try:
            for found in ordered_messages(file.stream, file.summary, topics, start, end):
                yield BagMessage(found.channel.topic, found.log_time, found.publish_time, found.data, found.sequence)
        except UNREADABLE as error:
            raise self._damaged(error) from error

    def _damaged(self, error: BaseException) -> BagError:
        path = self.files.path
        return BagError(f"{path}: damaged inside ({str(error) or type(error).__name__}): `vla bag repair {path}`")

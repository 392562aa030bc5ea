# SPDX-License-Identifier: Apache-2.0
"""A part of a bag as a bag: from when to when, and which topics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.marks import is_marks_topic
from vla_ros.data.bags.message_definitions import VIDEO
from vla_ros.data.bags.reader import BagMessage, BagReader
from vla_ros.data.bags.transforms import TF_STATIC_TOPIC
from vla_ros.data.bags.writer import BagSettings, BagWriter


def cut(
    reader: BagReader,
    directory: Path,
    begin: int,
    end: int,
    choose: Callable[[str], bool] = lambda topic: True,
    settings: BagSettings | None = None,
    progress: Callable[[int], None] = lambda time: None,
) -> Path:
    """Write what was received from `begin` to `end` [ns], both included, and return the new bag.

    What was latched before it holds still, and a video is taken from its last key frame on: both count as received at
    `begin`. Raises BagError when nothing is left.
    """
    topics = [name for name in reader.topics if choose(name)]
    writer = BagWriter(directory, settings, reader.custom_data | {"cut_from": reader.files.path.name})
    try:
        for name in topics:
            topic = reader.topics[name]
            if topic.definition.text:
                writer.add_topic(name, topic.definition, topic.qos)
        for message in _held(reader, topics, begin):
            writer.write(message.topic, begin, message.publish_time, message.data, message.sequence)
        for message in reader.messages(topics, begin, end + 1) if topics else ():
            writer.write(message.topic, message.log_time, message.publish_time, message.data, message.sequence)
            progress(message.log_time)
    except OSError as error:
        writer.discard()
        raise BagError(f"bag {directory}: cannot be written ({error.strerror}): make room") from None
    except BaseException:
        writer.discard()
        raise
    if not writer.empty:
        return writer.close()
    writer.discard()
    raise BagError(
        f"{reader.files.path}: nothing between {_at(reader, begin)} and {_at(reader, end)} s of these topics"
    )


def _held(reader: BagReader, topics: Sequence[str], begin: int) -> Iterator[BagMessage]:
    """Yield what was said before `begin` and holds at it; not that an episode before it ended."""
    for name in topics:
        topic = reader.topics[name]
        if is_marks_topic(name):
            continue
        if topic.qos and all(profile.latched for profile in topic.qos):
            before = list(reader.messages([name], None, begin))
            # Each node says once which of its frames stand still; of anything else the last word counts.
            yield from before if name == TF_STATIC_TOPIC else before[-1:]
        elif topic.type == VIDEO:
            first = next(reader.messages([name], begin), None)
            if first is not None and not is_key_frame(reader.decode(first).data.tobytes()):
                yield from _from_key_frame(reader, name, begin)


def _from_key_frame(reader: BagReader, topic: str, begin: int) -> list[BagMessage]:
    frames: list[BagMessage] = []
    for message in reader.messages([topic], None, begin):
        if is_key_frame(reader.decode(message).data.tobytes()):
            frames.clear()
        frames.append(message)
    return frames


def is_key_frame(data: bytes) -> bool:
    """Say whether H.264 in Annex B holds a picture that needs no other (NAL unit type 5, IDR)."""
    position = data.find(b"\0\0\1")
    while 0 <= position < len(data) - 3:
        if data[position + 3] & 0x1F == 5:
            return True
        position = data.find(b"\0\0\1", position + 3)
    return False


def _at(reader: BagReader, time: int) -> str:
    return f"{(time - reader.start) * 1e-9:.2f}"

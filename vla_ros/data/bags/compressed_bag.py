# SPDX-License-Identifier: Apache-2.0
"""A bag whose colour images are compressed on their way in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import IMAGE, ImageCompressor
from vla_ros.data.bags.message_definitions import MessageDefinition, message_definition
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.writer import BagWriter


class CompressedBag:
    """Write messages as they are, colour images in the form that was requested."""

    def __init__(self, writer: BagWriter, images: str) -> None:
        """`images` is one of image_compression.FORMS."""
        self.writer, self._images = writer, images
        self._compressors: dict[str, ImageCompressor | None] = {}  # None: to be decided by the first image
        self._announced: dict[str, tuple[MessageDefinition, tuple[OfferedQos, ...]]] = {}

    def add_topic(self, name: str, definition: MessageDefinition, qos: Sequence[OfferedQos]) -> None:
        """Announce a topic before its first message."""
        if definition.name == IMAGE and self._images != "raw":
            self._compressors.setdefault(name, None)
            self._announced[name] = (definition, tuple(qos))  # under which name, its first image will tell
        else:
            self.writer.add_topic(name, definition, qos)

    def write(self, message: BagMessage) -> bool:
        """Write a message; False for an image that was torn where it was sent from. Raises OSError."""
        topic, data = message.topic, message.data
        if topic in self._compressors:
            compressor = self._compressor(message)
            if compressor is not None:
                try:
                    data = compressor.compress(data)
                except BagError:
                    return False  # those before and after it are whole
                topic += compressor.suffix
        self.writer.write(topic, message.log_time, message.publish_time, data, message.sequence)
        return True

    def close(self) -> Path:
        """End the bag and return its folder. Raises BagError when it must be repaired."""
        return self.writer.close()

    def _compressor(self, message: BagMessage) -> ImageCompressor | None:
        """Return what compresses a topic's images, None for one that stays raw; its first image decides."""
        topic = message.topic
        compressor = self._compressors[topic]
        if compressor is None:
            definition, qos = self._announced[topic]
            if not ImageCompressor.takes(message.data):
                del self._compressors[topic]
                self.writer.add_topic(topic, definition, qos)
                return None
            compressor = self._compressors[topic] = ImageCompressor(self._images)
            self.writer.add_topic(topic + compressor.suffix, message_definition(compressor.type), qos)
        return compressor

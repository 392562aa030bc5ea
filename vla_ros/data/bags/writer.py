# SPDX-License-Identifier: Apache-2.0
"""A bag in the writing: in `<bag>.partial`, renamed when it is whole, in one file or several."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros import __version__
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.location import partial_path
from vla_ros.data.bags.mcap.file import McapFile
from vla_ros.data.bags.message_definitions import MessageDefinition
from vla_ros.data.bags.metadata import (
    FILE,
    NO_TIME,
    VERSIONS,
    BagMetadata,
    FileMetadata,
    TopicMetadata,
    metadata_text,
)
from vla_ros.data.bags.offered_qos import OfferedQos, qos_text
from vla_ros.data.bags.reserve import Reserve
from vla_ros.new_file import replace_file

LIBRARY = f"vla_ros {__version__}"
OURS = "vla_ros"  # name of the metadata record with custom_data, which a torn bag would lose otherwise
COMPRESSIONS = ("none", "zstd")


@dataclass(frozen=True)
class BagSettings:
    """How a bag is written."""

    compression: str = "zstd"  # of chunks: none or zstd
    level: int = 1  # zstd's: 1 is fast, 19 small
    chunk_bytes: int = 4 << 20  # [bytes] a chunk is ended at
    chunk_s: float = 0.5  # [s] or at this age: what a killed recorder loses
    split_bytes: int = 0  # [bytes] a new file is begun at; 0: never
    split_s: float = 0.0  # [s] or after this time; 0: never
    distribution: str = "jazzy"  # whose rosbag2 shall read it without converting

    def __post_init__(self) -> None:
        if self.compression not in COMPRESSIONS:
            raise ConfigError(f"compression '{self.compression}': give one of {', '.join(COMPRESSIONS)}")
        if self.distribution not in VERSIONS:
            raise ConfigError(f"compat '{self.distribution}': give one of {', '.join(VERSIONS)}")
        if not 1 <= self.level <= 22:
            raise ConfigError(f"zstd level {self.level}: give 1 to 22")
        for name in ("split_bytes", "split_s"):
            if getattr(self, name) < 0:
                raise ConfigError(f"{name} must be >= 0 (0: one file), got {getattr(self, name)}")
        if self.chunk_bytes <= 0 or self.chunk_s <= 0.0:
            raise ConfigError("chunk_bytes and chunk_s must be > 0")


@dataclass
class _Topic:
    definition: MessageDefinition
    qos: tuple[OfferedQos, ...]
    count: int = 0  # messages in finished files
    channels: dict[int, int] = field(default_factory=dict)  # number of the file: number of the channel


class BagWriter:
    """Write raw CDR. A failed write (OSError) leaves what came before whole; `close` then still ends the bag."""

    def __init__(
        self, directory: Path, settings: BagSettings | None = None, custom_data: Mapping[str, str] | None = None
    ) -> None:
        """Make `<directory>.partial`. Raises BagError when it or the bag exists or cannot be made."""
        self.directory, self.settings = directory, settings or BagSettings()
        self.partial = partial_path(directory)
        self.custom_data = dict(custom_data or {})
        self._topics: dict[str, _Topic] = {}
        self._files: list[FileMetadata] = []
        self._file: McapFile | None = None
        self._file_start = NO_TIME
        self._schemas: dict[str, int] = {}  # of the present file
        self._written = 0  # [bytes] of finished files
        try:
            self.partial.mkdir(parents=True)
            self._reserve = Reserve(self.partial)
            self._begin_file()
        except OSError as error:
            raise BagError(f"bag {directory}: cannot be written ({error.strerror}): name another folder") from None

    # -- what comes in -------------------------------------------------------------------------------------------------
    def add_topic(self, name: str, definition: MessageDefinition, qos: Sequence[OfferedQos] = ()) -> None:
        """Announce a topic, before its first message. One that is known is left as it is."""
        if name in self._topics:
            return
        self._topics[name] = topic = _Topic(definition, tuple(qos))
        if self._file is not None:
            self._add_channel(name, topic, self._file)

    def write(self, topic: str, log_time: int, publish_time: int, data: bytes, sequence: int = 0) -> None:
        """Write one message; times in [ns] since the epoch. Raises OSError when the disk does not take it."""
        file = self._file or self._begin_file()
        if self._must_split(file, log_time):
            self._end_file()
            file = self._begin_file()
        known = self._topics[topic]
        file.add_message(known.channels[len(self._files)], sequence, log_time, publish_time, data)
        self._file_start = min(self._file_start, log_time)
        if file.chunk_size >= self.settings.chunk_bytes or file.chunk_age >= self.settings.chunk_s:
            file.end_chunk()

    def flush_old(self) -> None:
        """End the chunk when it is old; to be called when nothing comes. Raises OSError."""
        if self._file is not None and self._file.chunk_age >= self.settings.chunk_s:
            self._file.end_chunk()

    @property
    def count(self) -> int:
        """Return the number of messages in finished chunks."""
        return sum(self._counted(topic) for topic in self._topics.values())

    @property
    def size(self) -> int:
        """Return the size of the bag [bytes], with what is not yet compressed."""
        return self._written + (self._file.size if self._file is not None else 0)

    # -- the end -------------------------------------------------------------------------------------------------------
    def close(self) -> Path:
        """End the bag and return its folder. Raises BagError when that cannot be: it can be repaired then."""
        self._reserve.give_back()
        try:
            if self._file is not None:
                self._end_file()
            write_metadata(self.partial, self._metadata())
            self._reserve.release()
            self.partial.rename(self.directory)
        except OSError as error:
            if self._file is not None:
                self._file.close()
            self._reserve.release()
            raise BagError(
                f"bag {self.partial}: not finished ({error.strerror}): make room, then `vla bag repair {self.partial}`"
            ) from None
        return self.directory

    @property
    def empty(self) -> bool:
        """Say whether nothing was written so far, not even into the chunk in the making."""
        return self.count == 0 and (self._file is None or self._file.chunk_size == 0)

    def discard(self) -> None:
        """Delete what was written."""
        if self._file is not None:
            self._file.close()
        self._reserve.release()
        shutil.rmtree(self.partial, ignore_errors=True)

    def _metadata(self, *present: FileMetadata) -> BagMetadata:
        return BagMetadata(
            topics=tuple(
                TopicMetadata(name, topic.definition.name, self._counted(topic), topic.qos, topic.definition.type_hash)
                for name, topic in self._topics.items()
            ),
            files=(*self._files, *present),
            custom_data=self.custom_data,
            distribution=self.settings.distribution,
            version=VERSIONS[self.settings.distribution],
        )

    # -- files ---------------------------------------------------------------------------------------------------------
    def _begin_file(self) -> McapFile:
        path = self.partial / f"{self.directory.name}_{len(self._files)}.mcap"
        level = self.settings.level if self.settings.compression == "zstd" else None
        file = McapFile(path, LIBRARY, level)
        self._schemas = {}
        if self.custom_data:
            file.add_metadata(OURS, self.custom_data)
        for name, topic in self._topics.items():
            self._add_channel(name, topic, file)
        self._file, self._file_start = file, NO_TIME
        return file

    def _add_channel(self, name: str, topic: _Topic, file: McapFile) -> None:
        definition = topic.definition
        if definition.name not in self._schemas:
            self._schemas[definition.name] = file.add_schema(definition.name, definition.text)
        modern = VERSIONS[self.settings.distribution] >= 9
        metadata = {"offered_qos_profiles": qos_text(topic.qos, modern)}
        if modern:
            metadata["topic_type_hash"] = definition.type_hash
        topic.channels[len(self._files)] = file.add_channel(name, self._schemas[definition.name], metadata)

    def _must_split(self, file: McapFile, log_time: int) -> bool:
        settings = self.settings
        if self._file_start == NO_TIME:
            return False
        if settings.split_bytes and file.size >= settings.split_bytes:
            return True
        return bool(settings.split_s) and log_time - self._file_start >= settings.split_s * 1e9

    def _end_file(self) -> None:
        """Finish the present file; when that fails (OSError) it is as before and can be finished later."""
        file = self._file
        assert file is not None
        file.end_chunk()
        part = FileMetadata(
            path=file.path.name,
            start=file.summary.start if file.summary.count else NO_TIME,
            duration=file.summary.end - file.summary.start,
            count=file.summary.count,
        )
        # As rosbag2 does: the metadata once more inside, for a file that is found alone.
        file.add_metadata("rosbag2", {"serialized_metadata": metadata_text(self._metadata(part))})
        file.finish()
        for topic in self._topics.values():
            topic.count = self._counted(topic)
        self._files.append(part)
        self._written += file.offset
        self._file = None

    def _counted(self, topic: _Topic) -> int:
        """Return how many messages of a topic are in the bag, the present file included."""
        if self._file is None:
            return topic.count
        return topic.count + self._file.summary.counts.get(topic.channels.get(len(self._files), 0), 0)


def write_metadata(folder: Path, metadata: BagMetadata) -> None:
    """Write metadata.yaml at once or not at all."""
    replace_file(folder / FILE, metadata_text(metadata).encode(), on_disk=True)

# SPDX-License-Identifier: Apache-2.0
"""A bag written by a thread of its own, so that nobody who listens ever waits for a disk or an encoder."""

from __future__ import annotations

import errno
import queue
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import FORMS, IMAGE, ImageCompressor
from vla_ros.data.bags.message_definitions import MessageDefinition, message_definition
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.preroll import Preroll
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.writer import BagWriter

LOOK_EVERY_S = 0.1  # [s] at the clock, when nothing comes
MEASURE_EVERY_S = 0.5  # [s] free space


@dataclass(frozen=True)
class RecordingSettings:
    """What is done with messages on their way into the bag."""

    images: str = "raw"  # raw, jpeg or h264
    queue_bytes: int = 256 << 20  # what may wait; what comes then is dropped and counted
    free_bytes: int = 512 << 20  # room that is left on the disk: below it the bag is ended
    preroll_s: float = 0.0  # [s] > 0: only episodes, each with so much of what was before it
    postroll_s: float = 1.0  # [s] and of what comes after it

    def __post_init__(self) -> None:
        if self.images not in FORMS:
            raise ConfigError(f"images '{self.images}': give one of {', '.join(FORMS)}")
        if min(self.queue_bytes, self.free_bytes, self.preroll_s, self.postroll_s) < 0 or not self.queue_bytes:
            raise ConfigError("queue, free space, pre-roll and post-roll must not be negative, and the queue not 0")


@dataclass(frozen=True)
class RecordingStatus:
    """How it goes."""

    messages: int = 0  # in finished chunks
    size: int = 0  # [bytes] of the bag
    dropped: int = 0  # messages that found the queue full or the bag ended
    waiting: int = 0  # [bytes] in the queue
    free: int = 0  # [bytes] on the disk
    waits_for_episode: bool = False
    problem: str = ""  # why the bag was ended, "" while it goes on


class Recording:
    """Messages in, a bag out. `put`, `begin_episode` and `end_episode` never wait."""

    def __init__(self, writer: BagWriter, settings: RecordingSettings) -> None:
        self._writer, self._settings = writer, settings
        self._queue: queue.SimpleQueue[BagMessage | Callable[[], None] | None] = queue.SimpleQueue()
        self._latched: set[str] = set()
        self._compressors: dict[str, ImageCompressor | None] = {}  # None: to be decided by the first image
        self._announced: dict[str, tuple[MessageDefinition, tuple[OfferedQos, ...]]] = {}
        self._preroll = Preroll(settings.preroll_s)
        self._waits = settings.preroll_s > 0.0
        self._until = 0.0  # [s] monotonic: end of the post-roll, 0 outside it
        self._put = self._taken = 0  # [bytes]
        self._dropped = 0
        self._problem = ""
        self._free = free_bytes(writer.partial)
        self._measured = 0.0  # [s] monotonic
        self._check_space()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    # -- from outside --------------------------------------------------------------------------------------------------
    def add_topic(self, name: str, definition: MessageDefinition, qos: Sequence[OfferedQos]) -> None:
        """Announce a topic before its first message."""
        latched = bool(qos) and all(profile.latched for profile in qos)
        self._queue.put(lambda: self._announce(name, definition, tuple(qos), latched))

    def put(self, message: BagMessage) -> None:
        """Take a message, or drop and count it when too much waits."""
        if self._problem or self.waiting > self._settings.queue_bytes:
            self._dropped += 1
            return
        self._put += len(message.data)
        self._queue.put(message)

    def begin_episode(self) -> None:
        """Write what is kept in memory and go on writing."""
        self._queue.put(self._begin)

    def end_episode(self) -> None:
        """Keep in memory again, after the post-roll."""
        self._queue.put(self._end)

    def note(self, name: str, value: str) -> None:
        """Have a word about the bag written into its metadata."""
        self._writer.custom_data[name] = value

    @property
    def thread_id(self) -> int:
        """Return the native id of the thread that compresses and writes."""
        return self._thread.native_id or 0

    @property
    def waiting(self) -> int:
        """Return the size of what has not been written yet [bytes]."""
        return self._put - self._taken

    @property
    def status(self) -> RecordingStatus:
        """Return how it goes."""
        waits = self._settings.preroll_s > 0.0 and self._waits
        return RecordingStatus(
            self._writer.count, self._writer.size, self._dropped, self.waiting, self._free, waits, self._problem
        )

    def close(self) -> Path:
        """Write what waits, end the bag and return its folder. Raises BagError when it must be repaired."""
        self._queue.put(None)
        self._thread.join()
        if self._dropped:
            self.note("dropped", str(self._dropped))
        if self._problem:
            self.note("ended", self._problem)
        return self._writer.close()

    # -- the thread ----------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=LOOK_EVERY_S)
            except queue.Empty:
                item = self._look
            if item is None:
                return
            try:
                if isinstance(item, BagMessage):
                    self._taken += len(item.data)
                    self._take(item)
                else:
                    item()
                self._look()
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                self._fail("the disk is full" if full else f"cannot be written ({error.strerror})")
            except Exception as error:  # whatever it is, the thread must not fall silent while messages pile up
                self._fail(f"{type(error).__name__}: {error}")

    def _look(self) -> None:
        now = time.monotonic()
        if self._until and now >= self._until:
            self._until, self._waits = 0.0, True
        if not self._problem:
            self._writer.flush_old()
        if now - self._measured >= MEASURE_EVERY_S:
            self._measured = now
            self._free = free_bytes(self._writer.partial)
            self._check_space()

    def _check_space(self) -> None:
        if self._free < self._settings.free_bytes and not self._problem:
            self._problem = (
                f"only {self._free / 1e6:.0f} MB are free, {self._settings.free_bytes / 1e6:.0f} MB are to remain"
            )

    def _fail(self, problem: str) -> None:
        self._problem = self._problem or problem

    def _announce(self, name: str, definition: MessageDefinition, qos: tuple[OfferedQos, ...], latched: bool) -> None:
        if latched:
            self._latched.add(name)
        if definition.name == IMAGE and self._settings.images != "raw":
            self._compressors.setdefault(name, None)
            self._announced[name] = (definition, qos)  # under which name, its first image will tell
        else:
            self._writer.add_topic(name, definition, qos)

    def _take(self, message: BagMessage) -> None:
        if self._problem:
            self._dropped += 1
            return
        if self._waits:
            self._preroll.add(message, message.topic in self._latched)
            return
        self._write(message)

    def _write(self, message: BagMessage) -> None:
        topic, data = message.topic, message.data
        if topic in self._compressors:
            compressor = self._compressor(message)
            if compressor is not None:
                try:
                    data = compressor.compress(data)
                except BagError:
                    self._dropped += 1  # torn where it was sent from; those before and after it are whole
                    return
                topic += compressor.suffix
        self._writer.write(topic, message.log_time, message.publish_time, data, message.sequence)

    def _compressor(self, message: BagMessage) -> ImageCompressor | None:
        """Return what compresses a topic's images, None for one that stays raw; its first image decides."""
        topic = message.topic
        compressor = self._compressors[topic]
        if compressor is None:
            definition, qos = self._announced[topic]
            if not ImageCompressor.takes(message.data):
                del self._compressors[topic]
                self._writer.add_topic(topic, definition, qos)
                return None
            compressor = self._compressors[topic] = ImageCompressor(self._settings.images)
            self._writer.add_topic(topic + compressor.suffix, message_definition(compressor.type), qos)
        return compressor

    def _begin(self) -> None:
        if self._waits:
            for message in self._preroll.take():
                self._write(message)
        self._waits, self._until = False, 0.0

    def _end(self) -> None:
        if self._settings.preroll_s > 0.0 and not self._waits:
            self._until = time.monotonic() + self._settings.postroll_s


def free_bytes(folder: Path) -> int:
    """Return the room on a folder's disk."""
    return shutil.disk_usage(folder).free

# SPDX-License-Identifier: Apache-2.0
"""Bags written by a thread of its own, so that nobody who listens ever waits for a disk or an encoder."""

from __future__ import annotations

import errno
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.bags.compressed_bag import CompressedBag
from vla_ros.data.bags.episode_bags import EpisodeBags
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.held_messages import HeldMessages
from vla_ros.data.bags.image_compression import FORMS
from vla_ros.data.bags.message_definitions import MessageDefinition
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.preroll import Preroll
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.reserve import RESERVE_BYTES
from vla_ros.data.bags.writer import BagWriter

POLL_EVERY_S = 0.1  # [s] at the clock, when nothing comes
MEASURE_EVERY_S = 0.5  # [s] free space
PROBLEM_SHOWN_S = 5.0  # [s] at least, so that whoever looks now and then sees it
FREE_AGAIN_BYTES = 4 * RESERVE_BYTES  # at least so much must be free before a new bag is begun on a disk that was full


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

    messages: int = 0  # in finished chunks, of all bags
    size: int = 0  # [bytes] of all bags
    dropped: int = 0  # messages that found the queue full or the bag ended
    waiting: int = 0  # [bytes] in the queue
    free: int = 0  # [bytes] on the disk
    waits_for_episode: bool = False
    problem: str = ""  # why the bag was ended; "" while it goes on, and once a new one could be begun
    bag: str = ""  # name of the one being written, "" between two episodes
    bags: tuple[str, ...] = ()  # those that are finished, of a bag for each episode


class Recording:
    """Messages in, a bag out, or a bag for each episode. `put`, `begin_episode` and `end_episode` never wait."""

    def __init__(self, target: BagWriter | EpisodeBags, settings: RecordingSettings) -> None:
        """Write into one bag, or begin one of EpisodeBags with every episode."""
        self._settings = settings
        self._series = target if isinstance(target, EpisodeBags) else None
        self._bag: CompressedBag | None = None
        self._folder = target.directory
        if isinstance(target, BagWriter):
            self._bag, self._folder = CompressedBag(target, settings.images), target.partial
        self._queue: queue.SimpleQueue[BagMessage | Callable[[], None] | None] = queue.SimpleQueue()
        self._topics: dict[str, tuple[MessageDefinition, tuple[OfferedQos, ...]]] = {}
        self._latched: set[str] = set()
        self._held = HeldMessages()  # of a bag for each episode: what each one begins with
        self._preroll = Preroll(settings.preroll_s)
        self._only_episodes = self._series is not None or settings.preroll_s > 0.0
        self._waits = self._only_episodes
        self._until = 0.0  # [s] monotonic: end of the post-roll, 0 outside it
        self._put = self._taken = 0  # [bytes]
        self._dropped = self._dropped_before = 0  # in all, and before this bag
        self._problem = ""
        self._messages = self._size = 0  # of finished bags
        self._finished: tuple[str, ...] = ()
        self._free = free_bytes(self._folder)
        self._measured, self._taken_measured = 0.0, 0  # [s] monotonic, and [bytes] taken by then
        self._check_space()
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    # -- from outside --------------------------------------------------------------------------------------------------
    def add_topic(self, name: str, definition: MessageDefinition, qos: Sequence[OfferedQos]) -> None:
        """Announce a topic before its first message."""
        self._queue.put(lambda: self._announce(name, definition, tuple(qos)))

    def put(self, message: BagMessage) -> None:
        """Take a message, or drop and count it when too much waits."""
        if (self._problem and self._series is None) or self.waiting > self._settings.queue_bytes:
            self._dropped += 1
            return
        self._put += len(message.data)
        self._queue.put(message)

    def begin_episode(self, name: str = "") -> None:
        """Write what is kept in memory and go on writing; of a bag for each episode, in that of this name if it may."""
        self._queue.put(lambda: self._begin(name))

    def end_episode(self, notes: Mapping[str, str] | None = None) -> None:
        """Keep in memory again, after the post-roll; `notes` go into the metadata of the episode's own bag."""
        self._queue.put(lambda: self._end(notes or {}))

    def note(self, name: str, value: str) -> None:
        """Have a word about the bag written into its metadata."""
        if self._bag is not None:
            self._bag.writer.custom_data[name] = value

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
        bag = self._bag
        return RecordingStatus(
            messages=self._messages + (bag.writer.count if bag else 0),
            size=self._size + (bag.writer.size if bag else 0),
            dropped=self._dropped,
            waiting=self.waiting,
            free=self._free,
            waits_for_episode=self._only_episodes and self._waits,
            problem=self._problem,
            bag=bag.writer.directory.name if bag else "",
            bags=self._finished,
        )

    def close(self) -> Path:
        """Write what waits, end the bag and return its folder. Raises BagError when it must be repaired."""
        self._queue.put(None)
        self._thread.join()
        return self._end_bag()

    # -- the thread ----------------------------------------------------------------------------------------------------
    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=POLL_EVERY_S)
            except queue.Empty:
                item = self._poll
            if item is None:
                return
            try:
                if isinstance(item, BagMessage):
                    self._taken += len(item.data)
                    self._take(item)
                else:
                    item()
                self._poll()
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                self._fail("the disk is full" if full else f"cannot be written ({error.strerror})")
            except BagError as error:  # its words are whole
                self._fail(str(error))
            except Exception as error:  # whatever it is, the thread must not fall silent while messages pile up
                self._fail(f"{type(error).__name__}: {error}")

    def _poll(self) -> None:
        now = time.monotonic()
        if self._until and now >= self._until:
            self._until, self._waits = 0.0, True
            self._end_episodes_bag()
        if self._bag is not None and not self._problem:
            self._bag.writer.flush_old()
        # What came since may have used up the room already: a disk fills within a fraction of a second.
        used_up = self._taken - self._taken_measured > self._free - self._settings.free_bytes and not self._problem
        if used_up or now - self._measured >= MEASURE_EVERY_S:
            self._measure()

    def _measure(self) -> None:
        self._measured, self._taken_measured = time.monotonic(), self._taken
        self._free = free_bytes(self._folder)
        self._check_space()

    def _check_space(self) -> None:
        enough = self._settings.free_bytes
        if self._free < enough and not self._problem:
            self._fail(f"only {self._free / 1e6:.0f} MB are free, {enough / 1e6:.0f} MB are to remain")
        elif self._problem and self._series is not None and self._free >= max(enough, FREE_AGAIN_BYTES):
            self._problem = ""  # somebody made room: the next episode is recorded again

    def _fail(self, problem: str) -> None:
        """End the bag; of a bag for each episode at once, and whole, so that the next one needs no new recorder."""
        self._problem = self._problem or problem
        self._measured = time.monotonic() + PROBLEM_SHOWN_S
        if self._series is not None:
            self._until, self._waits = 0.0, True
            try:
                self._end_bag()
            except Exception as error:  # as above
                self._problem, self._bag = f"{self._problem}; {error}", None

    def _announce(self, name: str, definition: MessageDefinition, qos: tuple[OfferedQos, ...]) -> None:
        self._topics[name] = (definition, qos)
        if qos and all(profile.latched for profile in qos):
            self._latched.add(name)
        if self._bag is not None:
            self._bag.add_topic(name, definition, qos)

    def _take(self, message: BagMessage) -> None:
        latched = message.topic in self._latched
        if self._series is not None:
            if latched:
                self._held.add(message)
            if self._bag is not None:
                self._write(message)
            elif not latched:
                self._preroll.add(message, False)
        elif self._problem:
            self._dropped += 1
        elif self._waits:
            self._preroll.add(message, latched)
        else:
            self._write(message)

    def _write(self, message: BagMessage) -> None:
        if self._bag is not None and not self._bag.write(message):
            self._dropped += 1

    # -- episodes ------------------------------------------------------------------------------------------------------
    def _begin(self, name: str) -> None:
        self._until = 0.0
        if self._series is not None:
            self._end_episodes_bag()  # one that begins ends the one before, post-roll or not
            self._measure()
            if self._problem:
                return
            self._begin_bag(self._series, name)
        elif self._waits:
            self._waits = False
            for message in self._preroll.take():
                self._write(message)

    def _begin_bag(self, series: EpisodeBags, name: str) -> None:
        self._bag = CompressedBag(series.open(name), self._settings.images)
        self._dropped_before = self._dropped
        for topic, (definition, qos) in self._topics.items():
            self._bag.add_topic(topic, definition, qos)
        self._waits = False
        held = self._held.since(self._preroll.begin or time.time_ns())
        for message in sorted([*held, *self._preroll.take()], key=lambda message: message.log_time):
            self._write(message)

    def _end(self, notes: Mapping[str, str]) -> None:
        if not self._only_episodes or self._waits:
            return
        self._until = time.monotonic() + self._settings.postroll_s
        if self._series is not None and self._bag is not None:
            self._bag.writer.custom_data.update(notes)

    def _end_episodes_bag(self) -> None:
        if self._series is not None and self._bag is not None:
            self._end_bag()

    def _end_bag(self) -> Path:
        """End the present bag and return its folder. Raises BagError when it must be repaired."""
        bag = self._bag
        if bag is None:
            return self._folder
        if self._dropped > self._dropped_before:
            self.note("dropped", str(self._dropped - self._dropped_before))
        if self._problem:
            self.note("ended", self._problem)
        directory = bag.close()
        if self._series is not None:
            self._bag = None
            self._messages, self._size = self._messages + bag.writer.count, self._size + bag.writer.size
            self._finished = (*self._finished, directory.name)
        return directory


def free_bytes(folder: Path) -> int:
    """Return the room on a folder's disk."""
    return shutil.disk_usage(folder).free

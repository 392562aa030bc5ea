# SPDX-License-Identifier: Apache-2.0
"""When each message of a bag was true, without decoding it: what to decode is decided by that."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.bags.marks import END, EPISODE, INSTRUCTION, SUCCESS, TOPIC, Mark, enclosed
from vla_ros.data.bags.marks import STAMP as MARK_STAMP
from vla_ros.data.bags.reader import BagMessage, BagReader
from vla_ros.data.conversion import sources

# Types that begin with a std_msgs/Header or a stamp: its eight bytes follow the four of the encapsulation.
_STAMPED = (
    *sources.IMAGE_TYPES,
    sources.JOINT_STATE,
    sources.POSE,
    sources.TWIST,
    sources.WRENCH,
    sources.CAMERA_INFO,
)
BACKWARDS_MAX_S = 1e-3  # [s] more is a clock that was set back, less is two messages that overtook each other


@dataclass(frozen=True, eq=False)
class TopicIndex:
    """The times of a topic's messages (S,), in the order of the bag."""

    stamps: np.ndarray  # [s] when what it says was so
    log_times: np.ndarray  # [ns] when it was received


@dataclass(frozen=True)
class Span:
    """One episode of a bag, as its marks say, or the whole bag."""

    number: int
    start: float = -np.inf  # [s] in the time of the stamps
    end: float = np.inf
    instruction: str = ""
    success: bool = True


class BagIndex:
    """Read a bag once for its times, then its messages where they are needed."""

    def __init__(self, bag: BagReader, topics: Mapping[str, str], instruction: str = "", marks: str = "") -> None:
        """Index `topics` (source → topic of the bag), and the topics of words and marks where there are any.

        Raises VlaError when a topic's clock goes backwards.
        """
        self.bag, self._topics = bag, dict(topics)
        wanted = {name for name in topics.values()}
        words = {name for name in (instruction, marks) if name in bag.topics}
        log: dict[str, list[int]] = {name: [] for name in wanted}
        sent: dict[str, list[int]] = {name: [] for name in wanted}
        stamps: dict[str, list[float]] = {name: [] for name in wanted}
        stamped = {name: bag.topics[name].type in _STAMPED for name in wanted}
        self._words: list[tuple[int, str]] = []
        self._marks: list[Mark] = []
        for message in bag.messages(wanted | words):
            name = message.topic
            if name in wanted:
                log[name].append(message.log_time)
                sent[name].append(message.publish_time or message.log_time)
                if stamped[name]:
                    stamps[name].append(header_stamp(message))
            elif name == instruction:
                self._words.append((message.publish_time or message.log_time, bag.decode(message).data.strip()))
            else:
                self._marks.append(Mark.of(message, bag.decode(message)))
        self._clock = self._learn_clock(stamped, sent, stamps)
        self.topics = {}
        for source, name in topics.items():
            times = np.array(stamps[name]) if stamped[name] else self._on_clock(np.array(sent[name], dtype=np.int64))
            self.topics[source] = TopicIndex(_forwards(bag, name, times), np.array(log[name], dtype=np.int64))

    def instructions(self) -> tuple[np.ndarray, list[str]]:
        """Return when each instruction began [s], and its words."""
        return self._on_clock(np.array([time for time, _ in self._words], dtype=np.int64)), [w for _, w in self._words]

    def spans(self) -> list[Span]:
        """Return the episodes that the marks enclose; the whole bag when there are none.

        An episode without an end ends where the next begins, or the bag. Raises VlaError for a mark without a time.
        """
        pairs = enumerate(enclosed(self._marks, self.bag.start))
        return [self._span(number, begin, after) for number, (begin, after) in pairs] or [Span(0)]

    def messages(self, source_messages: Mapping[str, Collection[int]]) -> Iterator[tuple[str, int, BagMessage]]:
        """Yield source, number and message of the numbered messages of each source, in the order of the bag."""
        wanted = {
            source: np.sort(np.array(list(numbers), dtype=np.int64)) for source, numbers in source_messages.items()
        }
        wanted = {source: numbers for source, numbers in wanted.items() if len(numbers)}
        if not wanted:
            return
        start = min(int(self.topics[source].log_times[numbers[0]]) for source, numbers in wanted.items())
        end = max(int(self.topics[source].log_times[numbers[-1]]) for source, numbers in wanted.items())
        by_topic = {self._topics[source]: source for source in wanted}
        at = {source: int(np.searchsorted(self.topics[source].log_times, start)) for source in wanted}
        sets = {source: set(numbers.tolist()) for source, numbers in wanted.items()}
        for message in self.bag.messages(list(by_topic), start, end + 1):
            source = by_topic[message.topic]
            if at[source] in sets[source]:
                yield source, at[source], message
            at[source] += 1

    def _span(self, number: int, begun: Mark, after: Mark | None) -> Span:
        """Return an episode by its begin and what comes after it: its end, the next one's begin, or nothing."""
        begin = begun.values
        try:
            start = float(begin[MARK_STAMP])
            # The next one's begin may say nothing: then it is that one which has no stamp.
            stop = float(after.values[MARK_STAMP]) if after and (after.word == END or after.values) else np.inf
        except (KeyError, ValueError):
            raise VlaError(
                f"{self.bag.files.path}: a mark on {TOPIC} of episode {begin.get(EPISODE, number)} has no stamp: "
                "convert with --whole to take the bag as one episode"
            ) from None
        # Of one that was never ended nobody knows whether it went well.
        success = after is not None and after.word == END and (begin | after.values).get(SUCCESS, "false") == "true"
        return Span(number, start, stop, begin.get(INSTRUCTION, "").strip(), success)

    def _learn_clock(
        self, stamped: Mapping[str, bool], sent: Mapping[str, list[int]], stamps: Mapping[str, list[float]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return sending times [ns] and stamps [s] of the densest topic that has both: they tie the two clocks."""
        dense = max((name for name in stamped if stamped[name]), key=lambda name: len(sent[name]), default=None)
        if dense is None or not sent[dense]:
            return np.empty(0, dtype=np.int64), np.empty(0)
        order = np.argsort(sent[dense], kind="stable")
        return np.array(sent[dense], dtype=np.int64)[order], np.array(stamps[dense])[order]

    def _on_clock(self, times: np.ndarray) -> np.ndarray:
        """Return sending times [ns] as stamps [s]: simulated time may run at another speed, or have stood still."""
        ticks, stamps = self._clock
        if not len(ticks):
            return times * 1e-9
        inside = np.interp(times - ticks[0], ticks - ticks[0], stamps)
        early, late = np.minimum(times - ticks[0], 0) * 1e-9, np.maximum(times - ticks[-1], 0) * 1e-9
        return inside + early + late


def header_stamp(message: BagMessage) -> float:
    """Return the stamp [s] of a message that begins with one. Raises VlaError when it is too short for that."""
    if len(message.data) < 12:
        raise VlaError(f"a message on {message.topic} has {len(message.data)} bytes: cut off; run `vla bag check`")
    order = "<" if message.data[1] & 1 else ">"
    seconds, nanoseconds = struct.unpack_from(f"{order}iI", message.data, 4)
    return seconds + nanoseconds * 1e-9


def _forwards(bag: BagReader, topic: str, stamps: np.ndarray) -> np.ndarray:
    steps = np.diff(stamps)
    if len(steps) and steps.min() < -BACKWARDS_MAX_S:
        worst = int(np.argmin(steps))
        raise VlaError(
            f"{bag.files.path}: the clock of {topic} goes back by {-steps[worst]:.3f} s after {stamps[worst]:.3f} s: "
            "the simulator was started again or the clock was set; cut the bag there (`vla bag cut`)"
        )
    return np.maximum.accumulate(stamps) if len(stamps) else stamps

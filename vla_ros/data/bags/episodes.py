# SPDX-License-Identifier: Apache-2.0
"""The episodes of a bag: what was asked, what came of it, and when a person had the arm."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vla_ros.data.bags import marks
from vla_ros.data.bags.reader import BagReader

PROGRESS, INSTRUCTION_TOPIC = "control/progress", "instruction"
OPERATOR = "teleop"  # source in control/progress whose motion is a person's
PAUSE_S = 0.5  # [s] for which the arm may wait for a person's next word: as long as a network may be silent in it


@dataclass(frozen=True)
class Intervention:
    """A stretch in which a person moved the arm, short pauses included; receive times [ns]."""

    begin: int
    end: int


@dataclass(frozen=True)
class BagEpisode:
    """One attempt at one instruction; receive times [ns]."""

    number: int
    begin: int
    end: int
    instruction: str = ""
    success: bool | None = None  # None: nobody said
    outcome: str = ""
    failure: str = ""
    finished: bool = True  # an end was marked
    marked: bool = True  # False: the bag has no marks, and is taken for one episode
    values: dict[str, str] = field(default_factory=dict)  # all that the marks say
    interventions: tuple[Intervention, ...] = ()

    @property
    def duration_s(self) -> float:
        """Return its length [s]."""
        return (self.end - self.begin) * 1e-9

    def intervened(self, times: np.ndarray) -> np.ndarray:
        """Say for each receive time (N,) [ns] whether a person had the arm then (N,) bool."""
        found = np.zeros(len(times), dtype=bool)
        for stretch in self.interventions:
            found |= (times >= stretch.begin) & (times <= stretch.end)
        return found


def read_episodes(reader: BagReader) -> list[BagEpisode]:
    """Return a bag's episodes in order; a bag without marks is one."""
    stretches = list(_interventions(reader))
    topics = [name for name in reader.topics if marks.is_marks_topic(name) and reader.topics[name].count]
    said = [marks.Mark.of(m, reader.decode(m)) for m in reader.messages(topics)] if topics else []
    found: list[BagEpisode] = []
    for begin, after in marks.enclosed(said, reader.start):
        ended = after is not None and after.word == marks.END
        known = begin.values | (after.values if after is not None and ended else {})
        end = reader.end if after is None else after.message.log_time
        found.append(_episode(len(found), begin.message.log_time, known, end, finished=ended))
    if not found and reader.count:
        found = [BagEpisode(0, reader.start, reader.end, _last_instruction(reader), finished=False, marked=False)]
    return [_with(episode, stretches) for episode in found]


def _episode(number: int, begin: int, values: dict[str, str], end: int, finished: bool = True) -> BagEpisode:
    success = values.get(marks.SUCCESS, "")
    return BagEpisode(
        number=number,
        begin=begin,
        end=end,
        instruction=values.get(marks.INSTRUCTION, ""),
        success=success == "true" if success else None,
        outcome=values.get(marks.OUTCOME, ""),
        failure=values.get(marks.FAILURE, ""),
        finished=finished,
        values=values,
    )


def _with(episode: BagEpisode, stretches: Iterable[Intervention]) -> BagEpisode:
    inside = [
        Intervention(max(item.begin, episode.begin), min(item.end, episode.end))
        for item in stretches
        if item.begin < episode.end and item.end > episode.begin
    ]
    return dataclasses.replace(episode, interventions=tuple(inside))


def _interventions(reader: BagReader) -> Iterable[Intervention]:
    topic = _named(reader, PROGRESS)
    if topic is None:
        return
    begin = last = paused = 0
    for message, status in reader.decoded(topic):
        theirs, time = marks.mark_values(status).get("source") == OPERATOR, message.log_time
        # A message says why the arm holds; it moves when there is none.
        if theirs and not status.message:
            begin, last, paused = begin or time, time, 0
        elif begin:
            paused = paused or time
            if not theirs or time - paused > 1e9 * PAUSE_S:
                yield Intervention(begin, paused)
                begin = paused = 0
    if begin:
        yield Intervention(begin, paused or last)


def _last_instruction(reader: BagReader) -> str:
    topic = _named(reader, INSTRUCTION_TOPIC)
    words: list[Any] = [] if topic is None else [message.data for _, message in reader.decoded(topic)]
    return next((word for word in reversed(words) if word.strip()), "")


def _named(reader: BagReader, name: str) -> str | None:
    """Return the full name of a topic with messages, in whatever namespace."""
    return next((topic for topic, item in reader.topics.items() if topic.endswith(f"/{name}") and item.count), None)

# SPDX-License-Identifier: Apache-2.0
"""Where episodes begin and end in a stream: the words on `episode/marks`, shared by those who write and read them.

A mark is a diagnostic_msgs/DiagnosticStatus: `name` is "episode", `message` one of begin and end, `values` the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vla_ros.data.bags.reader import BagMessage

TOPIC = "episode/marks"
STATUS = "diagnostic_msgs/msg/DiagnosticStatus"
NAME, BEGIN, END = "episode", "begin", "end"
# Keys of values. Of both: when, in the time of the stamps [s], and which. Then what is asked, and what came of it.
STAMP, EPISODE, INSTRUCTION = "stamp", "episode", "instruction"
SUCCESS, OUTCOME, FAILURE = "success", "outcome", "failure"
# Of the begin: which bag a recorder of a bag for each episode shall write, episode_000007 for instance.
BAG = "bag"


def is_marks_topic(topic: str) -> bool:
    """Say whether a full topic name is that of marks, in whatever namespace."""
    return topic.endswith(f"/{TOPIC}")


def mark_values(message: Any) -> dict[str, str]:
    """Return the pairs of a decoded status."""
    return {pair.key: pair.value for pair in message.values}


@dataclass(frozen=True)
class Mark:
    """One of a bag's marks, decoded."""

    message: BagMessage
    word: str  # BEGIN or END; others say nothing of where episodes are
    values: dict[str, str]

    @classmethod
    def of(cls, message: BagMessage, status: Any) -> Mark:
        """Return the mark that a decoded status of this message is."""
        return cls(message, status.message, mark_values(status))


def enclosed(found: Iterable[Mark], start: int) -> Iterator[tuple[Mark, Mark | None]]:
    """Yield the begin of each episode of a bag that began at `start` [ns], and the mark after it.

    That is its end; the begin of the next, of one that was never ended; or None, of the last one.
    """
    begun: Mark | None = None
    for mark in found:
        if mark.word not in (BEGIN, END):
            continue
        if begun is not None and not _ended_before(begun.message, mark.message, start):
            yield begun, mark
        begun = mark if mark.word == BEGIN else None
    if begun is not None:
        yield begun, None


def _ended_before(begin: BagMessage, end: BagMessage, start: int) -> bool:
    """Say whether what these marks enclose ended before their bag began, at `start` [ns].

    The last marks are latched: whoever comes late gets them at once. When they were sent does not suffice to know
    them, for clocks of two machines may be apart.
    """
    lasted, apart = end.publish_time - begin.publish_time, end.log_time - begin.log_time
    return 0 < end.publish_time < start and apart < 0.5 * lasted

# SPDX-License-Identifier: Apache-2.0
"""Where episodes begin and end in a stream: the words on `episode/marks`, shared by those who write and read them.

A mark is a diagnostic_msgs/DiagnosticStatus: `name` is "episode", `message` one of begin and end, `values` the rest.
"""

from __future__ import annotations

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


def ended_before(begin: BagMessage, end: BagMessage, start: int) -> bool:
    """Say whether what these marks enclose ended before their bag began, at `start` [ns].

    The last marks are latched: whoever comes late gets them at once. When they were sent does not suffice to know
    them, for clocks of two machines may be apart.
    """
    lasted, apart = end.publish_time - begin.publish_time, end.log_time - begin.log_time
    return 0 < end.publish_time < start and apart < 0.5 * lasted

# SPDX-License-Identifier: Apache-2.0
"""The last seconds before an episode, kept in memory until it begins."""

from __future__ import annotations

from collections import deque

from vla_ros.data.bags.reader import BagMessage

LATCHED_MAX = 16  # messages of a latched topic: several nodes may each have said something that holds


class Preroll:
    """Keep messages of the last `seconds`; of latched topics the newest, however old they are."""

    def __init__(self, seconds: float) -> None:
        self._span = round(seconds * 1e9)  # [ns]
        self._recent: deque[BagMessage] = deque()
        self._latched: dict[str, deque[BagMessage]] = {}

    def add(self, message: BagMessage, latched: bool) -> None:
        """Keep a message and forget those that have become too old."""
        if latched:
            self._latched.setdefault(message.topic, deque(maxlen=LATCHED_MAX)).append(message)
        else:
            self._recent.append(message)
        while self._recent and self._recent[0].log_time < message.log_time - self._span:
            self._recent.popleft()

    @property
    def begin(self) -> int:
        """Return when the oldest of what is kept of the last seconds was received [ns], 0 when nothing is."""
        return self._recent[0].log_time if self._recent else 0

    def take(self) -> list[BagMessage]:
        """Return what is kept, in order of time, and forget it.

        What was latched long ago counts as received when the pre-roll began: a bag that is played must not start with
        minutes of silence. Its publish time stays.
        """
        latched = [message for messages in self._latched.values() for message in messages]
        begin = min((message.log_time for message in self._recent), default=0)
        early = [m._replace(log_time=max(m.log_time, begin)) for m in latched]
        messages = sorted([*early, *self._recent], key=lambda message: message.log_time)
        self._recent.clear()
        self._latched.clear()
        return messages

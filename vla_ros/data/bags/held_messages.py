# SPDX-License-Identifier: Apache-2.0
"""What was said and still holds: every bag of a series begins with it."""

from __future__ import annotations

from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.marks import is_marks_topic
from vla_ros.data.bags.message_definitions import TF
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.transforms import TF_STATIC_TOPIC


class HeldMessages:
    """Of each latched topic the last word; of /tf_static, where each node speaks for its own frames, the last of each.

    Marks do not hold: that an episode ended is over with it.
    """

    def __init__(self) -> None:
        self._last: dict[str, BagMessage] = {}
        self._still: list[tuple[frozenset[str], BagMessage]] = []  # frames of a /tf_static, and the message
        self._codec = MessageCodec()

    def add(self, message: BagMessage) -> None:
        """Take a message of a latched topic."""
        if is_marks_topic(message.topic):
            return
        if message.topic.endswith(TF_STATIC_TOPIC):
            frames = self._frames(message.data)
            self._still = [(known, held) for known, held in self._still if not known <= frames]
            self._still.append((frames, message))
        else:
            self._last[message.topic] = message

    def since(self, begin: int) -> list[BagMessage]:
        """Return all of it, in order of time; what is older counts as received at `begin` [ns].

        A bag that is played must not start with minutes of silence. Publish times stay.
        """
        held = [*self._last.values(), *(message for _, message in self._still)]
        held.sort(key=lambda message: message.log_time)
        return [message._replace(log_time=max(message.log_time, begin)) for message in held]

    def _frames(self, data: bytes) -> frozenset[str]:
        self._codec.learn_installed(TF)
        try:
            return frozenset(item.child_frame_id for item in self._codec.decode(TF, data).transforms)
        except BagError:
            return frozenset()  # torn where it was sent from: it says nothing

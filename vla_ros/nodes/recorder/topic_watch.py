# SPDX-License-Identifier: Apache-2.0
"""Which topics there are, and which of them are to be recorded; those that appear later too."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rclpy.node import Node

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.topic_choice import TopicChoice, is_hidden
from vla_ros.nodes.recorder.recorded_topic import RecordedTopic


class TopicWatch:
    """Keep a RecordedTopic for each topic that is wanted."""

    def __init__(
        self,
        quiet_node: Node,
        choice: TopicChoice,
        on_new: Callable[[RecordedTopic], None],
        complain: Callable[[str], None],
    ) -> None:
        self.topics: dict[str, RecordedTopic] = {}
        self._node, self._choice, self._on_new, self._complain = quiet_node, choice, on_new, complain
        self._refused: set[str] = set()

    def poll(self) -> None:
        """Subscribe to what is new, and to what is offered differently now."""
        for name, kinds in self._node.get_topic_names_and_types():
            if name in self._refused or is_hidden(name) or not self._choice(name):
                continue
            publishers = self._node.get_publishers_info_by_topic(name)
            if not publishers and name not in self.topics:
                continue
            if name not in self.topics:
                topic = self._new(name, kinds)
                if topic is None:
                    continue
                topic.follow(publishers)
                self.topics[name] = topic
                self._on_new(topic)
            else:
                self.topics[name].follow(publishers)

    def _new(self, name: str, kinds: Sequence[str]) -> RecordedTopic | None:
        try:
            if len(kinds) > 1:
                raise BagError(f"published as {' and '.join(kinds)} at once")
            return RecordedTopic(self._node, name, kinds[0])
        except BagError as error:
            self._refused.add(name)
            self._complain(f"{name} is not recorded: {error}")
            return None

    @property
    def lost(self) -> int:
        """Return how many messages never arrived."""
        return sum(topic.gaps.lost for topic in self.topics.values())

    def close(self) -> None:
        """Unsubscribe from everything."""
        for topic in self.topics.values():
            topic.close()

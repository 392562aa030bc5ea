# SPDX-License-Identifier: Apache-2.0
"""A ROS subscription that exists only while somebody watches what is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from rclpy.node import Node
from rclpy.qos import QoSProfile


class Watched(Protocol):
    """A channel that knows whether a client has subscribed to it; all of foxglove's do."""

    def has_sinks(self) -> bool:
        """Say whether anybody has."""
        ...


class View(Protocol):
    """What is shown of some topics."""

    @property
    def feeds(self) -> Sequence[Feed]:
        """Return the topics."""
        ...


class StandingView(View, Protocol):
    """A view of what changes rarely or never."""

    def show_still(self) -> None:
        """Show it again, for whoever has just come."""
        ...


def anybody_watches(channels: Sequence[Watched]) -> bool:
    """Say whether a client has subscribed to any of `channels`."""
    return any(channel.has_sinks() for channel in channels)


class Feed:
    """Subscribe to a topic when one of `channels` gets a client, unsubscribe when the last one has gone.

    Asked by a timer rather than by the server's listener: that one calls from a thread of its own, where neither the
    executor nor the node may be touched.
    """

    def __init__(
        self,
        node: Node,
        kind: type,
        topic: str,
        callback: Callable[[Any], None],
        quality: QoSProfile,
        channels: Sequence[Watched],
        raw: bool = False,
    ) -> None:
        """`callback` gets messages of `kind`, or their bytes when `raw`."""
        self.kind, self.raw = kind, raw
        self._make = lambda: node.create_subscription(kind, topic, callback, quality, raw=raw)
        self._node, self._channels = node, channels
        self._subscription: Any = None

    @property
    def active(self) -> bool:
        """Say whether it is subscribed."""
        return self._subscription is not None

    def update(self) -> None:
        """Subscribe or unsubscribe; a subscription that goes on is not touched."""
        wanted = anybody_watches(self._channels)
        if wanted and not self.active:
            self._subscription = self._make()
        elif self.active and not wanted:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None


class NewestFeed(Feed):
    """A topic whose newest message is taken at the viewer's pace, instead of calling back for each.

    Its node must not be in an executor: 500 joint states a second cost more in callbacks than all they show.
    """

    def __init__(
        self, quiet_node: Node, kind: type, topic: str, quality: QoSProfile, channels: Sequence[Watched]
    ) -> None:
        super().__init__(quiet_node, kind, topic, _nobody, quality, channels)

    def take(self) -> Any | None:
        """Return the newest message since the last call, or None."""
        if self._subscription is None:
            return None
        with self._subscription.handle:
            taken = self._subscription.handle.take_message(self.kind, self.raw)
        return None if taken is None else taken[0]


def _nobody(message: Any) -> None:
    """Be called by no executor."""

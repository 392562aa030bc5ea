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

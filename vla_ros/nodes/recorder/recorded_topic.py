# SPDX-License-Identifier: Apache-2.0
"""One topic of the graph, taken as bytes: subscribed to as its publishers offer it, and emptied when asked."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any

from rclpy.duration import Infinite
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.topic_endpoint_info import TopicEndpointInfo

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import MessageDefinition, message_definition
from vla_ros.data.bags.offered_qos import INFINITE, OfferedQos
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.sequence_gaps import SequenceGaps

DEPTH, DEPTH_LARGE = 2000, 60  # messages that may wait to be taken: seconds of either
LARGE = ("sensor_msgs/msg/Image", "sensor_msgs/msg/PointCloud2")


class RecordedTopic:
    """A subscription of a node that is in no executor: taking costs a fifth of being called back."""

    def __init__(self, quiet_node: Node, name: str, kind: str) -> None:
        """Take `kind` from topic `name`. Raises BagError when its type is not installed here."""
        self.name = name
        self.definition: MessageDefinition = message_definition(kind)
        self.gaps = SequenceGaps()
        self.count = 0
        self._class = _message_class(kind)
        self._node = quiet_node
        self._subscription: Any = None
        self._quality: tuple[ReliabilityPolicy, DurabilityPolicy] | None = None
        self._publishers: frozenset[tuple[int, ...]] = frozenset()
        self.offered: tuple[OfferedQos, ...] = ()

    def follow(self, publishers: Sequence[TopicEndpointInfo]) -> None:
        """Subscribe as strictly as all of these publishers permit; subscribe anew when that has changed."""
        found = frozenset(tuple(info.endpoint_gid) for info in publishers)
        if found != self._publishers:
            self._publishers = found
            self.gaps.restart(len(found))
        if not publishers:
            return
        reliable = all(info.qos_profile.reliability == ReliabilityPolicy.RELIABLE for info in publishers)
        latched = all(info.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for info in publishers)
        quality = (
            ReliabilityPolicy.RELIABLE if reliable else ReliabilityPolicy.BEST_EFFORT,
            DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
        )
        self.offered = tuple(dict.fromkeys(_offered(info.qos_profile) for info in publishers))
        if quality == self._quality:
            return
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._quality = quality
        profile = QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=DEPTH_LARGE if self.definition.name in LARGE else DEPTH,
            reliability=quality[0],
            durability=quality[1],
        )
        self._subscription = self._node.create_subscription(self._class, self.name, _nobody, profile, raw=True)

    def take(self) -> Iterator[BagMessage]:
        """Yield what has arrived since the last time."""
        if self._subscription is None:
            return
        handle = self._subscription.handle
        with handle:
            while (taken := handle.take_message(self._class, True)) is not None:
                data, information = taken
                number = information["publication_sequence_number"] or 0
                self.gaps.add(number)
                self.count += 1
                yield BagMessage(
                    self.name, information["received_timestamp"], information["source_timestamp"], data, number
                )

    def close(self) -> None:
        """Unsubscribe."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None


def _nobody(message: Any) -> None:
    """Be called by no executor."""


def _message_class(kind: str) -> Any:
    package, _, name = kind.split("/")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except (ImportError, AttributeError):
        raise BagError(f"message type '{kind}' is not installed here: install or source '{package}'") from None


def _offered(profile: QoSProfile) -> OfferedQos:
    def nanoseconds(period: Any) -> int:
        return INFINITE if period == Infinite else min(period.nanoseconds, INFINITE)

    return OfferedQos(
        history=profile.history.name.lower(),
        depth=profile.depth,
        reliability=profile.reliability.name.lower(),
        durability=profile.durability.name.lower(),
        deadline=nanoseconds(profile.deadline),
        lifespan=nanoseconds(profile.lifespan),
        liveliness=profile.liveliness.name.lower(),
        lease=nanoseconds(profile.liveliness_lease_duration),
    )

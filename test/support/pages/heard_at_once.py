# SPDX-License-Identifier: Apache-2.0
"""A packet of hands as the bridge takes one that comes alone: heard, and told of at once where that may be."""

from __future__ import annotations

from typing import Any

from controllers.chunks.chunk import ActionChunk
from vla_ros.teleop.protocol import Hands
from vla_ros.teleop.teleoperation import Teleoperation


def take(teleoperation: Teleoperation, hands: Hands, arrival: float, stamp: float, *rest: Any) -> ActionChunk | None:
    """Hear a packet and return the chunk that is due then, if any; `rest` as `Teleoperation.hear` has it."""
    teleoperation.hear(hands, arrival, stamp, *rest)
    return teleoperation.due(arrival, stamp)

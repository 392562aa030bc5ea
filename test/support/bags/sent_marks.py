# SPDX-License-Identifier: Apache-2.0
"""Marks and statuses as they stand in a bag."""

from __future__ import annotations

from bags.bag_making import STATUS, Sent, codec
from vla_ros.data.bags import marks


def status(name: str, word: str, **values: object) -> bytes:
    pairs = [codec.make("diagnostic_msgs/msg/KeyValue", key=k, value=str(v)) for k, v in values.items()]
    message = codec.make(STATUS, level=0, name=name, message=word, hardware_id="", values=pairs)
    return codec.encode(STATUS, message)


def mark(time: int, word: str, **values: object) -> Sent:
    return Sent("/episode/marks", STATUS, time, status(marks.NAME, word, **values))

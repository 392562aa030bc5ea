# SPDX-License-Identifier: Apache-2.0
"""A recorder without ROS, and its messages."""

from __future__ import annotations

from pathlib import Path

from bags.bag_making import IMAGE, LATCHED, RELIABLE, STRING
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording, RecordingSettings
from vla_ros.data.bags.writer import BagWriter

COLOR, DEPTH = "/cameras/front/color/image_raw", "/cameras/front/aligned_depth_to_color/image_raw"


def record(path: Path, settings: RecordingSettings | None = None) -> Recording:
    recording = Recording(BagWriter(path), settings or RecordingSettings())
    for topic, kind in (("/instruction", STRING), ("/joint_states", "sensor_msgs/msg/JointState"), (COLOR, IMAGE),
                        (DEPTH, IMAGE), ("/word", STRING)):  # fmt: skip
        recording.add_topic(topic, message_definition(kind), [LATCHED if topic == "/instruction" else RELIABLE])
    return recording


def message(topic: str, time_ns: int, data: bytes) -> BagMessage:
    return BagMessage(topic, time_ns, time_ns, data, 0)

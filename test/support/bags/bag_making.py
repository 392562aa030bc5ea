# SPDX-License-Identifier: Apache-2.0
"""Messages and bags for the tests of the data room, as bytes that ROS would have sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vla_ros.data.bags.cdr import MessageCodec
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.writer import BagSettings, BagWriter

JOINTS = tuple(f"panda_joint{i}" for i in range(1, 8))
IMAGE, JOINT_STATE, STRING = "sensor_msgs/msg/Image", "sensor_msgs/msg/JointState", "std_msgs/msg/String"
STATUS, POSE = "diagnostic_msgs/msg/DiagnosticStatus", "geometry_msgs/msg/PoseStamped"
START = 1_700_000_000_000_000_000  # [ns]
RELIABLE = OfferedQos("keep_last", 10)
LATCHED = OfferedQos("keep_last", 1, durability="transient_local")

codec = MessageCodec()
codec.learn_installed(IMAGE, JOINT_STATE, STRING, STATUS, POSE)


class Sent(NamedTuple):
    topic: str
    type: str
    time: int  # [ns]
    data: bytes


def header(time: float, frame: str = "") -> Any:
    sec, nanosec = divmod(round(time * 1e9), 10**9)
    stamp = codec.make("builtin_interfaces/msg/Time", sec=sec, nanosec=nanosec)
    return codec.make("std_msgs/msg/Header", stamp=stamp, frame_id=frame)


def joint_state(time: float, q: np.ndarray, dq: np.ndarray | None = None, names: tuple[str, ...] = JOINTS) -> bytes:
    dq = np.zeros(len(q)) if dq is None else dq
    message = codec.make(
        JOINT_STATE, header=header(time), name=list(names), position=q, velocity=dq, effort=np.zeros(len(q))
    )
    return codec.encode(JOINT_STATE, message)


def image(time: float, pixels: np.ndarray, encoding: str = "rgb8") -> bytes:
    height, width = pixels.shape[:2]
    message = codec.make(
        IMAGE,
        header=header(time, "front_color_optical_frame"),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=np.frombuffer(pixels.tobytes(), np.uint8),
    )
    return codec.encode(IMAGE, message)


def string(text: str) -> bytes:
    return codec.encode(STRING, codec.make(STRING, data=text))


def arm_at_work(seconds: float = 2.0, images: bool = True) -> Iterator[Sent]:
    """Yield 100 joint states a second, an image ten times a second and a word at the start, in order of time."""
    pixels = np.random.default_rng(0).integers(0, 255, (24, 32, 3), np.uint8)
    yield Sent("/instruction", STRING, START, string("pick up the red mug"))
    for tick in range(round(seconds * 100)):
        time = tick * 0.01
        at = START + tick * 10_000_000
        q = 0.3 * np.sin(time + np.arange(7.0))
        yield Sent("/joint_states", JOINT_STATE, at, joint_state(time, q))
        if images and tick % 10 == 0:
            yield Sent("/cameras/front/color/image_raw", IMAGE, at, image(time, np.roll(pixels, tick // 10, axis=1)))


def write_bag(
    path: Path, sent: list[Sent], settings: BagSettings | None = None, custom: dict[str, str] | None = None
) -> Path:
    """Write a bag; messages are received a microsecond after they were sent."""
    writer = BagWriter(path, settings, custom)
    for message in sent:
        latched = message.topic == "/instruction"
        writer.add_topic(message.topic, message_definition(message.type), [LATCHED if latched else RELIABLE])
        writer.write(message.topic, message.time + 1000, message.time, message.data)
    return writer.close()

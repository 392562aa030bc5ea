# SPDX-License-Identifier: Apache-2.0
"""Adds /tf and /tf_static to a recording as long as nobody publishes them."""

from __future__ import annotations

from collections.abc import Collection

from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import TF, message_definition
from vla_ros.data.bags.offered_qos import OfferedQos
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording
from vla_ros.data.bags.transforms import TF_STATIC_TOPIC, TF_TOPIC, RobotTransforms
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

_OFFERED = {TF_TOPIC: OfferedQos("keep_last", 100), TF_STATIC_TOPIC: OfferedQos("keep_last", 1,
            durability="transient_local")}  # fmt: skip


class TransformRecorder:
    """See every message and put transforms behind joint states and camera poses."""

    def __init__(self, robot: str, recording: Recording) -> None:
        """Raises ConfigError for an unknown robot."""
        embodiment = load_embodiment(robot)
        self._transforms = RobotTransforms(expand_urdf(embodiment))
        self._frames = {f"cameras/{name}/pose": f"{name}_color_optical_frame" for name in embodiment.known_cameras}
        self._moving = {f"{name}_color_optical_frame" for name in embodiment.mounted_cameras}
        self._recording = recording
        self._announced: set[str] = set()
        self._latest: dict[str, int] = {}  # [ns] time of the last message of each topic

    def see(self, message: BagMessage, present: Collection[str]) -> None:
        """Look at a message; `present` are the topics that the graph has itself."""
        if message.topic.endswith("/joint_states"):
            if TF_TOPIC in present or not self._transforms.is_due(message.log_time):
                return
            if TF_STATIC_TOPIC not in self._announced and TF_STATIC_TOPIC not in present:
                self._put(TF_STATIC_TOPIC, message, self._transforms.fixed())
            try:
                self._put(TF_TOPIC, message, self._transforms.moving(message.data))
            except BagError:
                return  # joint states that are none are in the bag as they came
        elif message.topic.endswith("/pose"):
            frame = next((f for topic, f in self._frames.items() if message.topic.endswith(f"/{topic}")), None)
            if frame in self._moving and TF_TOPIC not in present:
                self._put(TF_TOPIC, message, self._transforms.moving_camera(frame, message.data))
            elif frame is not None and frame not in self._moving and TF_STATIC_TOPIC not in present:
                self._put(TF_STATIC_TOPIC, message, self._transforms.camera(frame, message.data))

    def _put(self, topic: str, cause: BagMessage, data: bytes) -> None:
        if topic not in self._announced:
            self._announced.add(topic)
            self._recording.add_topic(topic, message_definition(TF), [_OFFERED[topic]])
        # Causes come from topics that are emptied one after the other: one may be older than the last of another.
        self._latest[topic] = at = max(cause.log_time, self._latest.get(topic, 0))
        self._recording.put(cause._replace(topic=topic, log_time=at, data=data, sequence=0))

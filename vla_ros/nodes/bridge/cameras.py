# SPDX-License-Identifier: Apache-2.0
"""Cameras for the operator: JPEG of the newest image, only while somebody looks and can be sent one."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

import cv2
import numpy as np
from sensor_msgs.msg import Image

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.managed import ManagedNode
from vla_ros.teleop.announcements import CameraDescription, CameraState
from vla_ros.teleop.hub import Hub

JPEG_QUALITY = 70
RATE_OVER_S = 2.0
USUAL_SIZE = (640, 480)  # [px] width, height, until the first image says otherwise


class OperatorCamera:
    """One camera's images, from the topic to the hub. Everything but `state` runs in the executor's thread."""

    def __init__(self, node: ManagedNode, name: str, index: int, on_robot: bool) -> None:
        self.name = name
        self._on_robot = on_robot
        self._node, self._index = node, index
        self._size = USUAL_SIZE
        self._hub: Hub | None = None
        self._subscription: Any = None
        self._arrivals: deque[float] = deque(maxlen=256)  # [s] monotonic
        self._complaint = ""

    def watch(self, hub: Hub | None) -> None:
        """Subscribe for a hub's clients; None: unsubscribe."""
        self._hub = hub
        if hub is not None and self._subscription is None:
            topic = f"cameras/{self.name}/color/image_raw"
            # Bytes: an image that nobody can be sent now is not worth making a message of.
            self._subscription = self._node.create_subscription(Image, topic, self._on_image, qos.NEWEST, raw=True)
        elif hub is None and self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
            self._subscription = None
            self._arrivals.clear()

    def describe(self) -> CameraDescription:
        """Return what a client is told of it."""
        return CameraDescription(self.name, *self._size, wrist=self._on_robot)

    def state(self) -> CameraState:
        """Return whether it is alive."""
        now = time.monotonic()
        arrivals = tuple(self._arrivals)
        recent = sum(now - arrival < RATE_OVER_S for arrival in arrivals)
        return CameraState(recent / RATE_OVER_S, 1e3 * (now - arrivals[-1]) if arrivals else -1.0)

    def _on_image(self, content: bytes) -> None:
        hub = self._hub
        self._arrivals.append(time.monotonic())
        if hub is None or not hub.wants_picture(self._index):
            return
        try:
            message = messages.read_message(content, Image)
            self._size = (message.width, message.height)
            jpeg = encode_jpeg(messages.color_array(message))
        except VlaError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                hub.note("warning", f"camera {self.name}: {error}")
            return
        hub.offer_picture(self._index, messages.seconds(message.header.stamp), jpeg)


def encode_jpeg(color: np.ndarray) -> bytes:
    """Return an image (H, W, 3) uint8 RGB as JPEG. Raises VlaError when it is none."""
    done, data = cv2.imencode(".jpg", cv2.cvtColor(color, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise VlaError(f"an image of shape {color.shape} cannot be compressed")
    return data.tobytes()

# SPDX-License-Identifier: Apache-2.0
"""What the policy found, as boxes with words."""

from __future__ import annotations

import numpy as np
from foxglove.channels import SceneUpdateChannel
from foxglove.messages import SceneUpdate
from rclpy.node import Node
from visualization_msgs.msg import MarkerArray

from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import Feed
from vla_ros.nodes.view.server import ViewServer

_WORDS: drawing.RGBA = (1.0, 1.0, 1.0, 1.0)


class DetectionView:
    """Show the boxes of `policy/detections`; each message replaces the last."""

    def __init__(self, node: Node, server: ViewServer) -> None:
        self._server = server
        self._channel = SceneUpdateChannel(node.resolve_topic_name("policy/detections"), context=server.context)
        self._newest: tuple[float, SceneUpdate] | None = None
        self.feeds = [
            Feed(node, MarkerArray, "policy/detections", self._on_markers, qos.LATCHED, [self._channel]),
        ]

    def _on_markers(self, message: MarkerArray) -> None:
        if not message.markers:
            return
        header = message.markers[0].header
        time = messages.seconds(header.stamp)
        cubes, texts = [], []
        for box in messages.marked_boxes(message):
            cubes.append(drawing.box(drawing.at(box.center), box.size, box.color))
            top = box.center + np.array([0.0, 0.0, 0.5 * box.size[2] + 0.02])
            texts.append(drawing.words(top, box.text, _WORDS))
        self._newest = time, drawing.scene(time, header.frame_id, "detections", cubes=cubes, texts=texts)
        self.show_still()

    def show_still(self) -> None:
        """Show them again, for whoever has just come."""
        if self._newest is not None and self._channel.has_sinks():
            time, update = self._newest
            self._channel.log(update, log_time=drawing.nanoseconds(max(time, self._server.time)))

    def forget(self) -> None:
        """Begin anew: time has turned back."""
        self._newest = None

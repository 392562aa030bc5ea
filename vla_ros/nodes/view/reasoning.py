# SPDX-License-Identifier: Apache-2.0
"""What led to the policy's last chunk: the gripper where it is to close, boxes and grasp over each camera's image."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from foxglove.channels import ImageAnnotationsChannel, SceneUpdateChannel
from foxglove.messages import ImageAnnotations, SceneUpdate
from rclpy.node import Node
from visualization_msgs.msg import ImageMarker, Marker

from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import Feed
from vla_ros.nodes.view.server import ViewServer
from vla_ros.policies.capabilities.image_lines import GRASP, ImageLines


class ReasoningView:
    """Show `policy/grasp` and `policy/reasoning/<camera>`; each message replaces the last."""

    def __init__(self, node: Node, server: ViewServer, cameras: Iterable[str]) -> None:
        self._server = server
        self._grasp = SceneUpdateChannel(node.resolve_topic_name("policy/grasp"), context=server.context)
        self._newest: tuple[float, SceneUpdate] | None = None
        self._newest_lines: dict[str, tuple[float, ImageAnnotations]] = {}
        self.feeds = [Feed(node, Marker, "policy/grasp", self._on_grasp, qos.LATCHED, [self._grasp])]
        self._images = {}
        for name in cameras:
            topic = f"policy/reasoning/{name}"
            self._images[name] = ImageAnnotationsChannel(node.resolve_topic_name(topic), context=server.context)
            self.feeds.append(Feed(node, ImageMarker, topic, self._taker(name), qos.LATCHED, [self._images[name]]))

    def _on_grasp(self, message: Marker) -> None:
        time = messages.seconds(message.header.stamp)
        lines = [drawing.line(ends, GRASP, 4.0) for ends in messages.marker_lines(message)]
        self._newest = time, drawing.scene(time, message.header.frame_id, "grasp", lines=lines)
        self._show_grasp()

    def _taker(self, camera: str) -> Callable[[ImageMarker], None]:
        def take(message: ImageMarker) -> None:
            time = messages.seconds(message.header.stamp)
            lines = ImageLines(*messages.image_marker_lines(message))
            self._newest_lines[camera] = time, drawing.image_annotations(time, lines.ends, lines.colors, lines.thick)
            self._show_lines(camera)

        return take

    def show_still(self) -> None:
        """Show it again, for whoever has just come."""
        self._show_grasp()
        for camera in self._newest_lines:
            self._show_lines(camera)

    def _show_grasp(self) -> None:
        if self._newest is not None and self._grasp.has_sinks():
            time, update = self._newest
            self._grasp.log(update, log_time=self._log_time(time))

    def _show_lines(self, camera: str) -> None:
        channel = self._images[camera]
        if channel.has_sinks():
            time, update = self._newest_lines[camera]
            channel.log(update, log_time=self._log_time(time))

    def _log_time(self, time: float) -> int:
        return drawing.nanoseconds(max(time, self._server.time))

    def forget(self) -> None:
        """Begin anew: time has turned back."""
        self._newest = None
        self._newest_lines.clear()

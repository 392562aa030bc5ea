# SPDX-License-Identifier: Apache-2.0
"""What happens, live in Foxglove: a WebSocket on this machine. It only listens, and only while a client watches."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

import cv2
import rclpy
from foxglove.messages import FrameTransforms
from rclpy.node import Node

from vla_ros.nodes.parameters import declare, declare_cameras, declare_robot
from vla_ros.nodes.spinning import Spinner, StopRequest, run_node, steady_timer
from vla_ros.nodes.transport import Transport
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.cameras import CameraDisplay
from vla_ros.nodes.view.chunks import COLORS, ChunkView
from vla_ros.nodes.view.control import ControlView
from vla_ros.nodes.view.detections import DetectionView
from vla_ros.nodes.view.feed import StandingView, View
from vla_ros.nodes.view.layout import layout
from vla_ros.nodes.view.reasoning import ReasoningView
from vla_ros.nodes.view.reports import ReportView
from vla_ros.nodes.view.robot import RobotView
from vla_ros.nodes.view.server import ViewServer
from vla_ros.output_file import write_output
from vla_ros.robots.embodiment import Embodiment, load_embodiment

RATE_HZ, PATH_EVERY, STILL_EVERY = 25.0, 3, 25  # ticks a second; paths and what stands still are shown more rarely
LAYOUT_FILE = "foxglove.json"
NICENESS = 10  # whoever looks on gives way to those who work


class ViewNode(Node):
    """Wire the views of a robot to one server."""

    def __init__(self) -> None:
        super().__init__("view_node")
        embodiment = declare_cameras(self, load_embodiment(declare_robot(self)))
        port = declare(self, "port", 8765, "TCP port of the WebSocket, on this machine alone; 0: any", 0, 65535)
        self._server = server = ViewServer(f"vla_ros {embodiment.name}", port)
        self._reports = ReportView(self, server)
        # What is taken from here is polled, not called back with; a name that begins so is hidden from lists.
        self._quiet = rclpy.create_node(
            "_view_node_quiet",
            namespace=self.get_namespace(),
            enable_rosout=False,
            start_parameter_services=False,
            use_global_arguments=False,
        )
        self._control = ControlView(self, self._quiet, server, embodiment, self._reports.log, self._reports.write)
        self._robot = RobotView(self, self._quiet, server, embodiment)
        transforms = self._robot.transforms
        self._cameras = [CameraDisplay(self, server, name, transforms) for name in embodiment.cameras]
        self._chunks = [ChunkView(self, server, embodiment, source) for source in COLORS]
        self._thoughts: list[DetectionView | ReasoningView] = [
            DetectionView(self, server),
            ReasoningView(self, server, embodiment.cameras),
        ]
        self._standing: list[StandingView] = [self._robot, *self._cameras, *self._thoughts, self._reports]
        views: list[View] = [*self._standing, self._control, *self._chunks]
        self._feeds = [feed for view in views for feed in view.feeds]
        self._ticks, self._shown_until = 0, 0.0
        steady_timer(self, 1.0 / RATE_HZ, self._tick)
        self._scratch = contextlib.ExitStack()
        self.get_logger().info(f"open Foxglove at {server.url}, with the layout {self._write_layout(embodiment)}")

    def _write_layout(self, embodiment: Embodiment) -> Path:
        """Write what Foxglove imports, beside the run's other files, and return where."""
        folder = declare(self, "run_directory", "", "folder for the layout; empty: one that goes with the node")
        if not folder:
            folder = self._scratch.enter_context(tempfile.TemporaryDirectory(prefix="vla_ros_view_"))
        hidden = {self._robot.tree.root, *self._robot.tree.parents} - {arm.tool_frame for arm in embodiment.arms}
        file = Path(folder) / LAYOUT_FILE
        write_output("run_directory:=", file, layout(embodiment, sorted(hidden), self.resolve_topic_name))
        return file

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % PATH_EVERY == 0:
            for feed in self._feeds:
                feed.update()
        if not any(feed.active for feed in self._feeds):
            return
        self._robot.show()
        self._control.show()
        if self._server.time < self._shown_until:
            self._forget()
        self._shown_until = self._server.time
        self._server.broadcast_time()
        if self._ticks % PATH_EVERY == 1:
            self._robot.show_slowly()
            self._control.show_slowly()
        if self._ticks % STILL_EVERY == 0:
            self._show_still()

    def _show_still(self) -> None:
        for view in self._standing:
            view.show_still()
        placed = [camera.transform(self._server.time) for camera in self._cameras]
        transforms = FrameTransforms(transforms=[transform for transform in placed if transform is not None])
        self._robot.transforms.log(transforms, log_time=drawing.nanoseconds(self._server.time))

    def _forget(self) -> None:
        for view in (self._robot, self._control, *self._thoughts):
            view.forget()

    def close(self) -> None:
        """Say goodbye to the clients."""
        self._server.close()
        self._scratch.close()


def serve(stop: StopRequest) -> None:
    """Serve until asked to stop. Not a managed node: nothing of a job waits for it."""
    node = ViewNode()
    try:
        Spinner(node, stop).until()
    finally:
        node.close()


def main() -> int:
    """Run the node."""
    os.nice(NICENESS)
    cv2.setNumThreads(1)
    return run_node("view", serve, Transport.IMAGES_IN)


if __name__ == "__main__":
    raise SystemExit(main())

# SPDX-License-Identifier: Apache-2.0
"""Everything a job says to the view node, at the job's own rates, from a process that does nothing else."""

from __future__ import annotations

import os
import signal
import time

import cv2
import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, String
from trajectory_msgs.msg import JointTrajectory
from visualization_msgs.msg import ImageMarker, Marker, MarkerArray

from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.rotations import from_matrix
from vla_ros import messages, qos
from vla_ros.configuration import share_directory
from vla_ros.nodes.arm.progress import ControlProgress
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.transport import Transport, choose_transport
from vla_ros.policies.capabilities.image_lines import GRASP, NAMED, gripper_lines
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.visible_robot import VisibleRobot

RATE_HZ = 500.0
EVERY = {"pose": 10, "images": 50, "chunk": 50, "diagnostics": 100, "detections": 500}  # of the ticks
SIZE = (640, 480)  # [px]


class WatchedGraph:
    """An arm that swings, seen by its cameras; stamps are seconds since the start."""

    def __init__(self, node: Node) -> None:
        embodiment = load_embodiment("franka")
        self.arm, self.base = embodiment.arms[0], embodiment.base_frame
        joints = [*self.arm.joints, *embodiment.grippers[0].joints]
        self.tree = VisibleRobot(expand_urdf(embodiment), joints)
        self._home = np.concatenate([self.arm.home, [0.04, 0.04]])
        self._states = messages.JointStateWriter(joints)
        publish = node.create_publisher
        self._joints = publish(JointState, "joint_states", qos.STREAM)
        self._pose = publish(PoseStamped, "control/commanded_pose", qos.STREAM)
        self._progress = publish(DiagnosticStatus, "control/progress", qos.STREAM)
        self._chunks = publish(JointTrajectory, "policy/action_chunk", qos.EVENTS)
        self._diagnostics = publish(DiagnosticArray, "diagnostics", qos.EVENTS)
        self._detections = publish(MarkerArray, "policy/detections", qos.LATCHED)
        self._grasp = publish(Marker, "policy/grasp", qos.LATCHED)
        self._thoughts = {n: publish(ImageMarker, f"policy/reasoning/{n}", qos.LATCHED) for n in embodiment.cameras}
        self._instruction = publish(String, "instruction", qos.LATCHED)
        self._instruction.publish(String(data="pick up the red mug"))
        self._estop = publish(Bool, "estop", qos.LATCHED)
        self._estop.publish(Bool(data=False))
        self._cameras = {name: CameraPublisher(node, name, self.base) for name in embodiment.cameras}
        self._color, self._depth = picture(), np.full(SIZE[::-1], 0.7, np.float32)
        self.ticks = 0

    def tick(self) -> None:
        """Publish what is due."""
        now = self.ticks / RATE_HZ
        q, dq = self._home.copy(), np.zeros(9)
        q[0], dq[0] = 0.4 * np.sin(now), 0.4 * np.cos(now)
        self.tree.update(q)
        T_base_tool = self.tree.T_base_link(self.arm.tool_frame)
        due = {name for name, every in EVERY.items() if self.ticks % every == 0}
        self._joints.publish(self._states.write(now, q, dq, np.zeros(9)))
        if "pose" in due:
            self._pose.publish(messages.pose_stamped(T_base_tool, now, self.base))
            report = ControlProgress(stamp=now, enabled=True, sequence=int(now), source="policy", executed_s=now % 1.0)
            self._progress.publish(messages.diagnostic("control", messages.OK, "", report.values()))
        if "images" in due:
            self._publish_images(now)
        if "chunk" in due:
            self._chunks.publish(messages.chunk_message(self._chunk(now, T_base_tool)))
            self._publish_reasoning(now, T_base_tool)
        if "diagnostics" in due:
            status = messages.diagnostic("bench", messages.OK, "swings", {"ticks": str(self.ticks)})
            self._diagnostics.publish(messages.diagnostic_array(now, status))
        if "detections" in due:
            boxes = [messages.MarkedBox("red mug 0.9", np.array([0.5, 0.0, 0.05]), np.full(3, 0.08), (0, 1, 0, 0.3))]
            self._detections.publish(messages.box_markers(boxes, now, self.base))
        self.ticks += 1

    def _publish_images(self, now: float) -> None:
        K = np.array([[617.0, 0.0, 319.5], [0.0, 617.0, 239.5], [0.0, 0.0, 1.0]])
        for number, (name, publisher) in enumerate(self._cameras.items()):
            T_base_camera = np.eye(4)
            T_base_camera[:3, 3] = 1.0, 0.1 * number, 0.5
            color = np.roll(self._color, self.ticks // 10, axis=1)  # no frame is the one before
            publisher.publish(CameraView(name, now, color, self._depth, K, T_base_camera))

    def _publish_reasoning(self, now: float, T_base_grasp: np.ndarray) -> None:
        self._grasp.publish(messages.line_marker(gripper_lines(T_base_grasp, 0.05), GRASP, now, self.base))
        corners = np.array([[100.0, 200.0], [180.0, 200.0], [180.0, 260.0], [100.0, 260.0]])
        ends, faint = np.stack([corners, np.roll(corners, -1, axis=0)], axis=1), (1.0, 1.0, 0.0, 0.5)
        colors = np.array([NAMED] * 4 + [faint] * 4)
        for name, publisher in self._thoughts.items():
            marker = messages.image_marker(np.concatenate([ends, ends + 50.0]), colors, now, f"{name}_optical")
            publisher.publish(marker)

    def _chunk(self, now: float, T: np.ndarray) -> ActionChunk:
        times = 0.1 * np.arange(1, 5)
        values = np.tile(np.concatenate([T[:3, 3], from_matrix(T[:3, :3])]), (4, 1))
        values[:, 2] += 0.1 * times
        return ActionChunk(now, self.base, pose_channels(self.arm.name), times, values, self.ticks)


def picture() -> np.ndarray:
    """Return a picture (480, 640, 3) with as much detail as a camera has: the one of the documentation."""
    image = cv2.imread(str(share_directory() / "docs" / "franka_grasp.jpg"))
    if image is None:
        image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (480, 640, 3), np.uint8), (0, 0), 3.0)
    return np.ascontiguousarray(cv2.resize(image, SIZE)[..., ::-1])


def main() -> int:
    """Publish until told to stop."""
    stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: stop.append(number))
    cv2.setNumThreads(1)
    choose_transport(Transport.IMAGES_OUT, os.environ)
    rclpy.init(signal_handler_options=rclpy.signals.SignalHandlerOptions.NO)
    graph = WatchedGraph(rclpy.create_node("watched_graph"))
    began = time.monotonic()
    while not stop:
        graph.tick()
        time.sleep(max(0.0, began + graph.ticks / RATE_HZ - time.monotonic()))
    rclpy.try_shutdown()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

# SPDX-License-Identifier: Apache-2.0
"""One camera's topics, named as realsense2_camera names them."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from vla_ros import messages, qos
from vla_ros.policies.observation import CameraView


class CameraPublisher:
    """Publish colour, calibration, aligned depth and the camera's pose: of one that `moves` with every picture."""

    def __init__(self, node: Node, name: str, base_frame: str, moves: bool = False) -> None:
        frame = f"{name}_color_optical_frame"
        topic = f"cameras/{name}"
        self._frame, self._base_frame = frame, base_frame
        self._color = node.create_publisher(Image, f"{topic}/color/image_raw", qos.IMAGES)
        self._info = node.create_publisher(CameraInfo, f"{topic}/color/camera_info", qos.STREAM)
        self._depth = node.create_publisher(Image, f"{topic}/aligned_depth_to_color/image_raw", qos.IMAGES)
        self._pose = node.create_publisher(PoseStamped, f"{topic}/pose", qos.MOVING if moves else qos.LATCHED)
        self._moves = moves
        self._color_message, self._depth_message = messages.ImageWriter(frame), messages.ImageWriter(frame)
        self._info_message: CameraInfo | None = None
        self._intrinsics = np.zeros((3, 3))  # that it says
        self._T_base_camera: np.ndarray | None = None

    def publish(self, view: CameraView) -> None:
        """Publish one exposure; the pose of a camera that stands only when it is new, since it is latched."""
        if self._moves or self._T_base_camera is None or not np.array_equal(view.T_base_camera, self._T_base_camera):
            self._T_base_camera = view.T_base_camera
            self._pose.publish(messages.pose_stamped(view.T_base_camera, view.stamp, self._base_frame))
        if self._info_message is None or not np.array_equal(view.intrinsics, self._intrinsics):
            self._intrinsics = view.intrinsics
            height, width = view.color.shape[:2]
            self._info_message = messages.camera_info(view.intrinsics, (width, height), self._frame)
        self._info_message.header.stamp = messages.stamp(view.stamp)
        # Depth first: whoever waits for colour then has both.
        if view.depth is not None:
            self._depth.publish(self._depth_message.write_depth(view.stamp, view.depth))
        self._info.publish(self._info_message)
        self._color.publish(self._color_message.write_color(view.stamp, view.color))

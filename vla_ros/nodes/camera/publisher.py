# SPDX-License-Identifier: Apache-2.0
"""One camera's topics, named as realsense2_camera names them."""

from __future__ import annotations

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image

from vla_ros import messages, qos
from vla_ros.policies.observation import CameraView


class CameraPublisher:
    """Publish colour, calibration, aligned depth and the camera's pose: of one that moves with every picture."""

    def __init__(
        self,
        node: Node,
        name: str,
        base_frame: str,
        moves: bool = False,
        depth: bool = True,
        calibrated: bool = True,
    ) -> None:
        """Offer the topics of depth and of the calibration only where the camera has them."""
        frame = f"{name}_color_optical_frame"
        topic = f"cameras/{name}"
        self._frame, self._base_frame = frame, base_frame
        self._color = node.create_publisher(Image, f"{topic}/color/image_raw", qos.IMAGES)
        self._moves = moves
        self._depth = self._info = self._pose = None
        if depth:
            self._depth = node.create_publisher(Image, f"{topic}/aligned_depth_to_color/image_raw", qos.IMAGES)
        if calibrated:
            self._info = node.create_publisher(CameraInfo, f"{topic}/color/camera_info", qos.STREAM)
            self._pose = node.create_publisher(PoseStamped, f"{topic}/pose", qos.MOVING if moves else qos.LATCHED)
        self._color_message, self._depth_message = messages.ImageWriter(frame), messages.ImageWriter(frame)
        self._info_message: CameraInfo | None = None
        self._intrinsics: np.ndarray | None = None  # that it says
        self._T_base_camera: np.ndarray | None = None

    @property
    def wanted(self) -> bool:
        """Say whether anybody listens to pictures of this camera."""
        return self._color.get_subscription_count() > 0 or self.depth_wanted

    @property
    def depth_wanted(self) -> bool:
        """Say whether anybody listens to its depth."""
        return self._depth is not None and self._depth.get_subscription_count() > 0

    def publish(self, view: CameraView) -> None:
        """Publish what there is of one exposure; of a camera that stands the pose only when it is new: it stays."""
        height, width = view.color.shape[:2]
        self.publish_calibration(view.stamp, (width, height), view.intrinsics, view.T_base_camera)
        # Depth first: whoever waits for colour then has both.
        if self._depth is not None and view.depth is not None:
            self._depth.publish(self._depth_message.write_depth(view.stamp, view.depth))
        self._color.publish(self._color_message.write_color(view.stamp, view.color))

    def publish_calibration(
        self, stamp: float, size: tuple[int, int], intrinsics: np.ndarray | None, T_base_camera: np.ndarray | None
    ) -> None:
        """Publish intrinsics (3, 3) of a picture of a size [px] and the pose (4, 4), where they are known."""
        if self._pose is not None and T_base_camera is not None:
            self._publish_pose(self._pose, T_base_camera, stamp)
        if self._info is not None and intrinsics is not None:
            self._publish_info(self._info, intrinsics, size, stamp)

    def _publish_pose(self, publisher: Publisher, T_base_camera: np.ndarray, stamp: float) -> None:
        if self._moves or self._T_base_camera is None or not np.array_equal(T_base_camera, self._T_base_camera):
            self._T_base_camera = T_base_camera
            publisher.publish(messages.pose_stamped(T_base_camera, stamp, self._base_frame))

    def _publish_info(self, publisher: Publisher, intrinsics: np.ndarray, size: tuple[int, int], stamp: float) -> None:
        same = self._intrinsics is not None and np.array_equal(intrinsics, self._intrinsics)
        if self._info_message is None or not same:
            self._intrinsics = intrinsics
            self._info_message = messages.camera_info(intrinsics, size, self._frame)
        self._info_message.header.stamp = messages.stamp(stamp)
        publisher.publish(self._info_message)

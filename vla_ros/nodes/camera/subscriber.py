# SPDX-License-Identifier: Apache-2.0
"""One camera's topics, received: a view when colour, depth and calibration belong together."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.policies.observation import CameraView

OnImage = Callable[[str, float, Image], None]  # stream, stamp [s], message


class CameraSubscriber:
    """Pass on images as messages, since most are never looked at, and turn a chosen pair into a view."""

    def __init__(self, node: Node, name: str, on_image: OnImage) -> None:
        topic = f"cameras/{name}"
        self.name = name
        self.color_stream, self.depth_stream = f"{name}/color", f"{name}/depth"
        self._intrinsics: np.ndarray | None = None
        self._T_base_camera: np.ndarray | None = None
        for stream, subtopic in (
            (self.color_stream, "color/image_raw"),
            (self.depth_stream, "aligned_depth_to_color/image_raw"),
        ):
            take = partial(self._on_image, on_image, stream)
            node.create_subscription(Image, f"{topic}/{subtopic}", take, qos.IMAGES_NEWEST)
        node.create_subscription(CameraInfo, f"{topic}/color/camera_info", self._on_info, qos.NEWEST)
        node.create_subscription(PoseStamped, f"{topic}/pose", self._on_pose, qos.LATCHED)

    @property
    def calibrated(self) -> bool:
        """Say whether intrinsics and pose are known."""
        return self._intrinsics is not None and self._T_base_camera is not None

    def view(self, color: Image, depth: Image) -> CameraView:
        """Return the view; conversion happens here, in the caller's thread. Raises VlaError while not calibrated."""
        if self._intrinsics is None or self._T_base_camera is None:
            raise VlaError(f"camera {self.name} has sent no camera_info or no pose yet")
        return CameraView(
            name=self.name,
            stamp=messages.seconds(color.header.stamp),
            color=messages.color_array(color),
            depth=messages.depth_array(depth),
            intrinsics=self._intrinsics,
            T_base_camera=self._T_base_camera,
        )

    @staticmethod
    def _on_image(take: OnImage, stream: str, message: Image) -> None:
        take(stream, messages.seconds(message.header.stamp), message)

    def _on_info(self, message: CameraInfo) -> None:
        self._intrinsics = messages.intrinsics(message)

    def _on_pose(self, message: PoseStamped) -> None:
        self._T_base_camera = messages.transform(message.pose)

# SPDX-License-Identifier: Apache-2.0
"""One camera's topics, received: a view when colour, depth and calibration belong together."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.policies.observation import CameraView

POSES = 40  # kept of a camera that moves
SAME = 0.002  # [s] between a picture and its pose

OnImage = Callable[[str, float, Image], None]  # stream, stamp [s], message


class CameraSubscriber:
    """Pass on images as messages, since most are never looked at, and turn a chosen pair into a view."""

    def __init__(self, node: Node, name: str, on_image: OnImage, moves: bool = False) -> None:
        """Take whether the camera `moves`: then each picture has a pose of its own."""
        topic = f"cameras/{name}"
        self.name = name
        self.color_stream, self.depth_stream = f"{name}/color", f"{name}/depth"
        self._intrinsics: np.ndarray | None = None
        self._moves = moves
        self._poses: deque[tuple[float, np.ndarray]] = deque(maxlen=POSES)  # stamp [s], T_base_camera
        for stream, subtopic in (
            (self.color_stream, "color/image_raw"),
            (self.depth_stream, "aligned_depth_to_color/image_raw"),
        ):
            take = partial(self._on_image, on_image, stream)
            node.create_subscription(Image, f"{topic}/{subtopic}", take, qos.IMAGES_NEWEST)
        node.create_subscription(CameraInfo, f"{topic}/color/camera_info", self._on_info, qos.NEWEST)
        node.create_subscription(PoseStamped, f"{topic}/pose", self._on_pose, qos.MOVING if moves else qos.LATCHED)

    @property
    def calibrated(self) -> bool:
        """Say whether intrinsics and pose are known."""
        return self._intrinsics is not None and bool(self._poses)

    def view(self, color: Image, depth: Image) -> CameraView:
        """Return the view; conversion happens here, in the caller's thread.

        Raises VlaError while not calibrated, and for a picture of a camera that moves whose pose is not known.
        """
        if self._intrinsics is None or not self._poses:
            raise VlaError(f"camera {self.name} has sent no camera_info or no pose yet")
        stamp = messages.seconds(color.header.stamp)
        return CameraView(
            name=self.name,
            stamp=stamp,
            color=messages.color_array(color),
            depth=messages.depth_array(depth),
            intrinsics=self._intrinsics,
            T_base_camera=self._pose_at(stamp),
        )

    def _pose_at(self, stamp: float) -> np.ndarray:
        poses = list(self._poses)  # the executor's thread may add one meanwhile
        if not self._moves:
            return poses[-1][1]
        found, T_base_camera = min(poses, key=lambda pose: abs(pose[0] - stamp))
        if abs(found - stamp) > SAME:
            raise VlaError(
                f"camera {self.name}: no pose for its picture of {stamp:.3f} s, the nearest is of {found:.3f} s"
            )
        return T_base_camera

    @staticmethod
    def _on_image(take: OnImage, stream: str, message: Image) -> None:
        take(stream, messages.seconds(message.header.stamp), message)

    def _on_info(self, message: CameraInfo) -> None:
        self._intrinsics = messages.intrinsics(message)

    def _on_pose(self, message: PoseStamped) -> None:
        self._poses.append((messages.seconds(message.header.stamp), messages.transform(message.pose)))

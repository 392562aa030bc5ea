# SPDX-License-Identifier: Apache-2.0
"""What a camera sees, as JPEG; where it stands and how it looks, as transform and calibration."""

from __future__ import annotations

import contextlib

import cv2
import numpy as np
from foxglove.channels import CameraCalibrationChannel, CompressedImageChannel
from foxglove.messages import CameraCalibration, CompressedImage, FrameTransform
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.view import drawing
from vla_ros.nodes.view.feed import Feed, Watched
from vla_ros.nodes.view.server import ViewServer

JPEG_QUALITY = 80


class CameraDisplay:
    """Show one camera. Images are subscribed to only while somebody looks at them."""

    def __init__(self, node: Node, server: ViewServer, name: str, transforms: Watched) -> None:
        topic = f"cameras/{name}"
        self._node, self._server = node, server
        self._frame = f"{name}_color_optical_frame"  # until a message says what it is
        resolved = node.resolve_topic_name(f"{topic}/color")
        self._image = CompressedImageChannel(f"{resolved}/image_raw/compressed", context=server.context)
        self._calibration = CameraCalibrationChannel(f"{resolved}/camera_info", context=server.context)
        self._info: CameraInfo | None = None
        self._pose: tuple[str, np.ndarray] | None = None  # parent frame, T_parent_camera
        self._complaint = ""
        self.feeds = [
            Feed(node, Image, f"{topic}/color/image_raw", self._on_image, qos.NEWEST, [self._image]),
            Feed(node, CameraInfo, f"{topic}/color/camera_info", self._on_info, qos.NEWEST, [self._calibration]),
            Feed(node, PoseStamped, f"{topic}/pose", self._on_pose, qos.LATCHED, [transforms]),
        ]

    def _on_image(self, message: Image) -> None:
        time = messages.seconds(message.header.stamp)
        self._server.see(time)
        self._frame = message.header.frame_id or self._frame
        try:
            jpeg = encode_jpeg(messages.color_array(message))
        except VlaError as error:
            if str(error) != self._complaint:
                self._node.get_logger().warning(str(error))
            self._complaint = str(error)
            return
        self._image.log(
            CompressedImage(timestamp=drawing.timestamp(time), frame_id=self._frame, data=jpeg, format="jpeg"),
            log_time=drawing.nanoseconds(time),
        )

    def _on_info(self, message: CameraInfo) -> None:
        first = self._info is None
        self._info, self._frame = message, message.header.frame_id or self._frame
        if first:
            self.show_still()

    def _on_pose(self, message: PoseStamped) -> None:
        with contextlib.suppress(VlaError):  # a pose that is none is the camera's own affair
            self._pose = (message.header.frame_id, messages.transform(message.pose))

    def show_still(self) -> None:
        """Show the calibration again, for whoever has just come."""
        info = self._info
        if info is None or not self._calibration.has_sinks():
            return
        time = messages.seconds(info.header.stamp)
        shown = CameraCalibration(
            timestamp=drawing.timestamp(time),
            frame_id=self._frame,
            width=info.width,
            height=info.height,
            distortion_model=info.distortion_model,
            D=list(info.d),
            K=info.k.tolist(),
            R=info.r.tolist(),
            P=info.p.tolist(),
        )
        self._calibration.log(shown, log_time=drawing.nanoseconds(time))

    def transform(self, time: float) -> FrameTransform | None:
        """Return where the camera stands, once that is known."""
        if self._pose is None:
            return None
        parent, T_parent_camera = self._pose
        return drawing.frame_transform(time, parent, self._frame, T_parent_camera)


def encode_jpeg(color: np.ndarray) -> bytes:
    """Return an image (H, W, 3) uint8 RGB as JPEG. Raises MessageError for one that cannot be, such as a huge one."""
    bgr = cv2.cvtColor(color, cv2.COLOR_RGB2BGR)
    try:
        done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    except cv2.error:
        done = False
    if not done:
        raise messages.MessageError(f"an image of shape {color.shape} cannot be compressed")
    return data.tobytes()

# SPDX-License-Identifier: Apache-2.0
"""One camera's topics, received as far as they are needed: a view when what belongs together has arrived."""

from __future__ import annotations

import time
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
    """Pass on images as messages, since most are never looked at, and turn chosen ones into a view."""

    def __init__(
        self,
        node: Node,
        name: str,
        on_image: OnImage,
        moves: bool = False,
        depth: bool = True,
        calibration: bool = True,
    ) -> None:
        """Subscribe to colour and to what is needed beside it. One that `moves` has a pose for each picture."""
        topic = f"cameras/{name}"
        self.name = name
        self.color_stream, self.depth_stream = f"{name}/color", f"{name}/depth"
        self._intrinsics: np.ndarray | None = None
        self._size = (0, 0)  # width, height [px] of the pictures that they are for
        self._bent = False  # the lens bends its pictures, which has been said
        self._log = node.get_logger()
        self._moves, self._calibration = moves, calibration
        self._poses: deque[tuple[float, np.ndarray]] = deque(maxlen=POSES)  # stamp [s], T_base_camera
        self._topics = {"colour": f"{topic}/color/image_raw"}
        self._heard: dict[str, float] = {}  # key of `_topics` → when it last said something [s, monotonic]
        self._subscribe_images(node, on_image, "colour", self.color_stream)
        if depth:
            self._topics["depth"] = f"{topic}/aligned_depth_to_color/image_raw"
            self._subscribe_images(node, on_image, "depth", self.depth_stream)
        if calibration:
            self._topics |= {"camera_info": f"{topic}/color/camera_info", "pose": f"{topic}/pose"}
            node.create_subscription(CameraInfo, self._topics["camera_info"], self._on_info, qos.NEWEST)
            reliable = qos.MOVING if moves else qos.LATCHED
            node.create_subscription(PoseStamped, self._topics["pose"], self._on_pose, reliable)

    @property
    def streams(self) -> tuple[str, ...]:
        """Name the streams of images that it receives."""
        return (self.color_stream, self.depth_stream) if "depth" in self._topics else (self.color_stream,)

    @property
    def calibrated(self) -> bool:
        """Say whether intrinsics and pose are known, as far as they are needed."""
        return not self._calibration or (self._intrinsics is not None and bool(self._poses))

    def silent(self, since: float) -> dict[str, str]:
        """Return the topics from which nothing has come since then [s, monotonic], by what they carry."""
        # The pose of a camera that stands is said once.
        once = () if self._moves else ("pose",)
        heard = {what for what, last in self._heard.items() if last >= since or what in once}
        return {what: topic for what, topic in self._topics.items() if what not in heard}

    def view(self, color: Image, depth: Image | None = None) -> CameraView:
        """Return the view; conversion happens here, in the caller's thread.

        Raises VlaError while not calibrated, for a picture of another size than the calibration's, and for one of a
        camera that moves whose pose is not known.
        """
        if not self.calibrated:
            raise VlaError(f"camera {self.name} has sent no camera_info or no pose yet")
        if self._calibration and any(self._size) and self._size != (color.width, color.height):
            raise messages.MessageError(
                f"camera {self.name}: its pictures are {color.width}x{color.height}, its camera_info is for "
                f"{self._size[0]}x{self._size[1]}: have its driver publish the calibration of this size"
            )
        stamp = messages.seconds(color.header.stamp)
        return CameraView(
            name=self.name,
            stamp=stamp,
            color=messages.color_array(color),
            depth=None if depth is None else messages.depth_array(depth),
            intrinsics=self._intrinsics,
            T_base_camera=self._pose_at(stamp) if self._calibration else None,
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

    def _subscribe_images(self, node: Node, on_image: OnImage, what: str, stream: str) -> None:
        take = partial(self._on_image, on_image, what, stream)
        node.create_subscription(Image, self._topics[what], take, qos.IMAGES_NEWEST)

    def _on_image(self, take: OnImage, what: str, stream: str, message: Image) -> None:
        self._heard[what] = time.monotonic()
        take(stream, messages.seconds(message.header.stamp), message)

    def _on_info(self, message: CameraInfo) -> None:
        self._intrinsics, self._size = messages.intrinsics(message), (message.width, message.height)
        if any(message.d) and not self._bent:
            self._bent = True
            self._log.warning(
                f"camera {self.name}: its camera_info has distortion ({message.distortion_model}), and pictures are "
                "taken for a pinhole's: publish rectified ones, or what is seen is placed wrongly near their borders"
            )
        self._heard["camera_info"] = time.monotonic()

    def _on_pose(self, message: PoseStamped) -> None:
        self._poses.append((messages.seconds(message.header.stamp), messages.transform(message.pose)))
        self._heard["pose"] = time.monotonic()

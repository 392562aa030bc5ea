# SPDX-License-Identifier: Apache-2.0
"""The newest picture of each camera, with its calibration and pose, heard by a process that starts graphs itself."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import CameraInfo, Image

from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.nodes.transport import RANGE, Transport, choose_transport


@dataclass(frozen=True, eq=False)
class Picture:
    """What a camera sees."""

    color: np.ndarray  # (H, W, 3) uint8 RGB
    intrinsics: np.ndarray | None  # (3, 3) [px]; None until it was said
    T_base_camera: np.ndarray | None  # (4, 4), optical frame; None until it was said


class Pictures:
    """Listen on one domain, in a thread of its own, to whichever graph runs there."""

    def __init__(
        self, cameras: Sequence[str], domain: int, discovery: str, namespace: str = "", keys: Mapping[str, str] = {}
    ) -> None:
        """Begin to listen; `keys` are the variables by which it is let in where nodes have keys."""
        self.cameras = tuple(cameras)
        self._images: dict[str, Image] = {}
        self._infos: dict[str, CameraInfo] = {}
        self._poses: dict[str, PoseStamped] = {}
        self._context = Context()
        with _environment({RANGE: discovery.upper(), "ROS_DOMAIN_ID": str(domain), **keys}):
            rclpy.init(context=self._context, domain_id=domain, signal_handler_options=SignalHandlerOptions.NO)
            self._node = Node(
                "operator_pictures",  # named as one of a shell's nodes, as which keys let it in: it says nothing
                context=self._context,
                namespace=namespace,
                use_global_arguments=False,
                start_parameter_services=False,
                enable_rosout=False,
            )
        for name in self.cameras:
            for kind, topic, kept, quality in (
                (Image, "color/image_raw", self._images, qos.IMAGES_NEWEST),
                (CameraInfo, "color/camera_info", self._infos, qos.NEWEST),
                (PoseStamped, "pose", self._poses, qos.LATCHED),
            ):
                self._node.create_subscription(
                    kind, f"cameras/{name}/{topic}", partial(kept.__setitem__, name), quality
                )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, daemon=True, name="pictures")
        self._thread.start()

    def newest(self, camera: str) -> Picture | None:
        """Return what a camera sees; None: nothing yet, or nothing that is a picture."""
        image, info, pose = (kept.get(camera) for kept in (self._images, self._infos, self._poses))
        if image is None:
            return None
        with contextlib.suppress(VlaError):
            K = None if info is None else messages.intrinsics(info)
            T = None if pose is None else messages.transform(pose.pose)
            return Picture(messages.color_array(image), K, T)
        return None

    def forget(self) -> None:
        """Forget what was seen, where another graph is to begin."""
        for kept in (self._images, self._infos, self._poses):
            kept.clear()

    def close(self) -> None:
        """Listen no more."""
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(2.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Have a participant made for pictures, and leave the environment as it was: graphs that are started inherit it."""
    before = dict(os.environ)
    try:
        os.environ.update(variables)
        choose_transport(Transport.IMAGES_IN)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

# SPDX-License-Identifier: Apache-2.0
"""The cameras that a policy needs: their topics, exposures that belong together, and the views made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from rclpy.node import Node
from sensor_msgs.msg import Image

from controllers.errors import ConfigError, unknown_name
from vla_ros.nodes.camera.subscriber import CameraSubscriber
from vla_ros.nodes.policy.earlier_exposures import EarlierExposures
from vla_ros.nodes.policy.synchronizer import Synchronizer
from vla_ros.policies.needs import Needs
from vla_ros.policies.observation import CameraView
from vla_ros.policies.view_fitting import ShapeWatch, fitted
from vla_ros.robots.embodiment import Embodiment

PATIENCE_S = 2.0  # [s] after which a topic that says nothing is named
Exposure = Mapping[str, Image]  # stream → picture
OnExposure = Callable[[float, tuple[Exposure, ...]], None]  # stamp [s], this exposure and older ones, newest first


class NeededCameras:
    """Subscribe to what is needed of each camera and no more, and hand over complete exposures."""

    def __init__(
        self,
        node: Node,
        robot: Embodiment,
        needs: Needs,
        on_exposure: OnExposure,
        reference: str = "",
        tolerance: float = 0.02,
    ) -> None:
        """Match exposures to those of camera `reference` within `tolerance` [s]; empty: the first that is needed.

        Raises ConfigError for a camera that the robot does not have, and for a reference that is not needed.
        """
        self._needs, self._on_exposure = needs.cameras, on_exposure
        self._cameras = {name: camera.name for name, camera in needs.cameras_of(robot).items()}
        names = tuple(dict.fromkeys(self._cameras.values()))
        if reference and reference not in names:
            raise ConfigError(unknown_name("reference_camera", reference, names))
        self._subscribers = {}
        for name in names:
            of_it = [need for need in needs.cameras if self._cameras[need.name] == name]
            depth, calibration = any(need.depth for need in of_it), any(need.calibration for need in of_it)
            moves = robot.camera(name).moves
            self._subscribers[name] = CameraSubscriber(node, name, self._on_image, moves, depth, calibration)
        self._older = EarlierExposures[Exposure](max((one.history for one in self._needs), default=0))
        self._shapes, self._warn = ShapeWatch(), node.get_logger().warning
        self._began = time.monotonic()
        self._synchronizer = None
        if names:
            streams = [stream for camera in self._subscribers.values() for stream in camera.streams]
            color = self._subscribers[reference or names[0]].color_stream
            self._synchronizer = Synchronizer(streams, color, tolerance)

    @property
    def names(self) -> tuple[str, ...]:
        """Name the views as the policy does."""
        return tuple(self._cameras)

    @property
    def calibrated(self) -> bool:
        """Say whether every calibration that is needed is known."""
        return all(camera.calibrated for camera in self._subscribers.values())

    @property
    def waiting_for(self) -> str:
        """Name the topics that have said nothing for PATIENCE_S; empty while all speak."""
        since = time.monotonic() - PATIENCE_S
        if since < self._began:
            return ""
        silent = [topic for camera in self._subscribers.values() for topic in camera.silent(since).values()]
        return f"waiting for {', '.join(silent)}" if silent else ""

    def views(self, exposures: tuple[Exposure, ...]) -> tuple[dict[str, CameraView], dict[str, tuple[CameraView, ...]]]:
        """Return the newest views and older ones, oldest first, by the names that the policy needs them by.

        Raises VlaError for a picture whose calibration is not known. Conversion happens here, in the caller's thread.
        """
        now, older = {}, {}
        for need in self._needs:
            seen = [self._view(need.name, one) for one in exposures[: need.history + 1]]
            if complaint := self._shapes.complaint(seen[0], need):
                self._warn(complaint)
            first, *rest = (fitted(view, need) for view in seen)
            now[need.name] = first
            if need.history:
                older[need.name] = tuple(reversed(rest))
        return now, older

    def _view(self, name: str, exposure: Exposure) -> CameraView:
        camera = self._subscribers[self._cameras[name]]
        return camera.view(exposure[camera.color_stream], exposure.get(camera.depth_stream))

    def _on_image(self, stream: str, stamp: float, message: Image) -> None:
        complete = None if self._synchronizer is None else self._synchronizer.add(stream, stamp, message)
        if complete is None:
            return
        stamp, images = complete
        self._on_exposure(stamp, (images, *self._older.before(stamp)))
        self._older.add(stamp, images)

# SPDX-License-Identifier: Apache-2.0
"""A picture of a calibrated camera as a view: distortion taken out, and where the camera was."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.observation import CameraView
from vla_ros.robots.camera_calibration import CameraCalibration, calibration_path
from vla_ros.robots.embodiment import Embodiment, expand_urdf
from vla_ros.robots.link_tree import LinkTree


class CalibratedViews:
    """Make views of one camera's pictures."""

    def __init__(self, name: str, calibration: CameraCalibration, robot: Embodiment) -> None:
        """Check that the camera is where the robot's file says. Raises ConfigError where it is on another link."""
        self._name, self._calibration = name, calibration
        path = calibration_path(name)
        link = robot.camera(name).frame
        if calibration.frame not in (link, "" if link else robot.base_frame):
            raise ConfigError(
                f"{path}: the camera is on '{calibration.frame}', robot '{robot.name}' has it on "
                f"'{link or robot.base_frame}'"
            )
        if link and not calibration.frame:
            raise ConfigError(
                f"{path}: a camera on '{link}' needs its pose there ('frame: {link}'): `vla calibrate hand-eye`"
            )
        try:
            self._T_frame_camera = calibration.T_frame_camera
        except ConfigError as error:
            raise ConfigError(f"{path}: {error}") from None
        self._link, self._base_frame, self._needed = link, robot.base_frame, robot.driven_joints
        self._tree = LinkTree(expand_urdf(robot)) if link else None
        self._maps: tuple[np.ndarray, np.ndarray] | None = None
        if calibration.distortion is not None and any(calibration.distortion):
            K, size = calibration.intrinsics, (calibration.width, calibration.height)
            bent = np.array(calibration.distortion)
            self._maps = cv2.initUndistortRectifyMap(K, bent, np.eye(3), K, size, cv2.CV_32FC1)

    @property
    def moves(self) -> bool:
        """Say whether its pose needs the robot's joints."""
        return self._tree is not None

    def view(
        self, stamp: float, color: np.ndarray, depth: np.ndarray | None, joints: Mapping[str, float] | None
    ) -> CameraView:
        """Return the view of a picture (H, W, 3) and depth (H, W) [m]; without a pose while a joint is not known."""
        calibration = self._calibration
        if color.shape[:2] != (calibration.height, calibration.width):
            raise ConfigError(
                f"camera_node: images are {color.shape[1]}x{color.shape[0]}, config/cameras/{self._name}.yaml says "
                f"{calibration.width}x{calibration.height}"
            )
        if self._maps is not None:
            color = cv2.remap(color, *self._maps, cv2.INTER_LINEAR)
            if depth is not None:  # between two depths is none
                depth = cv2.remap(depth, *self._maps, cv2.INTER_NEAREST)
        return CameraView(self._name, stamp, color, depth, calibration.intrinsics, self.T_base_camera(joints))

    @property
    def intrinsics(self) -> np.ndarray:
        """Return K (3, 3) [px] of the views."""
        return self._calibration.intrinsics

    def T_base_camera(self, joints: Mapping[str, float] | None) -> np.ndarray | None:
        """Return the camera's pose (4, 4) in the robot's base frame; None while a joint that it needs is not known."""
        if self._tree is None:
            return self._T_frame_camera
        if joints is None or any(joint not in joints for joint in self._needed):
            return None
        return self._tree.between(self._base_frame, self._link, joints) @ self._T_frame_camera

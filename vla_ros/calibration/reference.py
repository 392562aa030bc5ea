# SPDX-License-Identifier: Apache-2.0
"""Whether a camera still is where it was calibrated: a picture of then, and how far what stands still has moved since.

Features of both pictures are paired (ORB: Rublee et al. 2011), and the one similarity that most pairs agree with says
how the picture moved. Things that are elsewhere now, or a robot in another pose, do not agree and do not count, as long
as there is more that stays: the table's edge, fixtures, the base, a printed sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from controllers.errors import ConfigError
from vla_ros.encoded_images import read_image
from vla_ros.robots.camera_calibration import CameraCalibration

MOVED_PX = 3.0  # [px] from which on a camera has moved: 0.3 degrees at a focal length of 600 px
# [rad], [m] that a joint may be from where it was, for a camera on the hand: two or three of them together move the
# picture by less than MOVED_PX.
AT_REFERENCE = 0.002
FEWEST = 25  # pairs that must agree
_FEATURES, _DISTINCT, _AGREE_PX = 2000, 0.8, 2.0
_FEWEST_FEATURES = 100  # in a picture that is to be compared with


@dataclass(frozen=True)
class Movement:
    """How a picture differs from the reference."""

    pixels: float  # [px] root mean square over the picture
    pairs: int  # that say so

    @property
    def moved(self) -> bool:
        """Say whether the camera has to be calibrated again."""
        return self.pixels > MOVED_PX


class ReferencePicture:
    """What a camera saw; a camera on the hand, with the robot's joints at `joints` [rad], [m]."""

    def __init__(self, pixels: np.ndarray, joints: Mapping[str, float]) -> None:
        """Take (H, W, 3) uint8 RGB. Raises ConfigError for a picture with too little to compare by."""
        self.size, self.joints = (pixels.shape[1], pixels.shape[0]), dict(joints)
        self._orb = cv2.ORB.create(_FEATURES, fastThreshold=10)
        self._matcher = cv2.BFMatcher(cv2.NORM_HAMMING)
        self._places, self._looks = self._features(pixels)
        self.features = len(self._places)
        if self.features < _FEWEST_FEATURES:
            raise ConfigError(
                f"shows {self.features} features, {_FEWEST_FEATURES} are needed to compare by: let the camera see "
                "something with a pattern that stays where it is, such as a printed sheet on the table"
            )

    def seen_from_here(self, joints: Mapping[str, float] | None) -> bool:
        """Say whether a picture at these joints can be compared: the robot is where it was, as far as that counts."""
        if not self.joints:
            return True
        known = joints or {}
        return all(abs(known.get(name, np.inf) - value) < AT_REFERENCE for name, value in self.joints.items())

    def movement(self, pixels: np.ndarray) -> Movement | None:
        """Return how a picture (H, W, 3) uint8 RGB differs; None where too few features agree.

        Raises ConfigError for one of another size.
        """
        width, height = pixels.shape[1], pixels.shape[0]
        if (width, height) != self.size:
            raise ConfigError(
                f"the picture is {width}x{height}, the reference {self.size[0]}x{self.size[1]}: take a new one "
                "(`vla calibrate reference`)"
            )
        places, looks = self._features(pixels)
        if len(places) < FEWEST:
            return None
        two = [pair for pair in self._matcher.knnMatch(self._looks, looks, 2) if len(pair) == 2]
        pairs = [first for first, second in two if first.distance < _DISTINCT * second.distance]
        if len(pairs) < FEWEST:
            return None
        before = self._places[[pair.queryIdx for pair in pairs]]
        now = places[[pair.trainIdx for pair in pairs]]
        A, agrees = cv2.estimateAffinePartial2D(before, now, method=cv2.RANSAC, ransacReprojThreshold=_AGREE_PX)
        if A is None or int(agrees.sum()) < FEWEST:
            return None
        u, v = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
        grid = np.column_stack([u.ravel(), v.ravel()])
        shift = grid @ A[:, :2].T + A[:, 2] - grid
        return Movement(float(np.sqrt((shift**2).sum(axis=1).mean())), int(agrees.sum()))

    def _features(self, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return where they are (N, 2) [px] and what they look like (N, 32)."""
        points, looks = self._orb.detectAndCompute(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), None)
        if looks is None:
            return np.zeros((0, 2), np.float32), np.zeros((0, 32), np.uint8)
        return np.array([point.pt for point in points], np.float32), looks


def reference_path(camera_file: Path) -> Path:
    """Return where the reference of a camera's file is, beside it: front.yaml has front.reference.png."""
    return camera_file.with_suffix(".reference.png")


def load_reference(camera_file: Path, calibration: CameraCalibration) -> ReferencePicture | None:
    """Read a camera's reference; None where none was taken. Raises VlaError for a file that is none."""
    path = reference_path(camera_file)
    if not path.is_file():
        return None
    pixels = np.ascontiguousarray(read_image(path, cv2.IMREAD_COLOR)[..., ::-1])
    try:
        return ReferencePicture(pixels, calibration.reference_joints)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None

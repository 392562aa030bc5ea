# SPDX-License-Identifier: Apache-2.0
"""A camera's optics: from points before it to pixels, with derivatives.

Model: pinhole with the radial and tangential distortion of Brown (1966), as OpenCV and sensor_msgs/CameraInfo
("plumb_bob") number it: k1, k2, p1, p2, k3.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

PARAMETERS = ("fx", "fy", "cx", "cy", "k1", "k2", "p1", "p2", "k3")
PINHOLE = 4  # of them
_ZERO = np.zeros(3)


@dataclass(frozen=True, eq=False)
class Optics:
    """What a camera does to points before it."""

    size: tuple[int, int]  # width, height [px]
    parameters: np.ndarray  # (9,) as PARAMETERS [px] and [-]

    @property
    def K(self) -> np.ndarray:
        """Return the camera matrix (3, 3) [px]."""
        fx, fy, cx, cy = self.parameters[:PINHOLE]
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def distortion(self) -> np.ndarray:
        """Return k1, k2, p1, p2, k3."""
        return self.parameters[PINHOLE:]

    def changed(self, which: np.ndarray, by: np.ndarray) -> Optics:
        """Return it with `by` added to the parameters of these numbers."""
        parameters = self.parameters.copy()
        parameters[which] += by
        return Optics(self.size, parameters)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return pixels (N, 2) of points (N, 3) in the optical frame [m].

        With them go their derivatives by the points (N, 2, 3) and by the parameters (N, 2, 9).
        """
        pixels, jacobian = cv2.projectPoints(points.reshape(-1, 1, 3), _ZERO, _ZERO, self.K, self.distortion)
        by = jacobian.reshape(len(points), 2, -1)  # rotation, translation, focal length, principal point, distortion
        return pixels.reshape(-1, 2), by[:, :, 3:6], by[:, :, 6:15]

    def distortion_px(self) -> float:
        """Return by how much distortion moves a point at the picture's border at most [px]."""
        width, height = self.size
        u, v = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
        fx, fy, cx, cy = self.parameters[:PINHOLE]
        rays = np.stack([(u.ravel() - cx) / fx, (v.ravel() - cy) / fy, np.ones(u.size)], axis=1)
        distorted = self.project(rays)[0]
        return float(np.linalg.norm(distorted - np.stack([u.ravel(), v.ravel()], axis=1), axis=1).max())


def pinhole(K: np.ndarray, size: tuple[int, int], distortion: np.ndarray | None = None) -> Optics:
    """Return the optics of a camera matrix (3, 3) [px] and k1, k2, p1, p2, k3, which are 0 where they are not given."""
    bent = np.zeros(5) if distortion is None or not len(distortion) else np.asarray(distortion, np.float64)
    return Optics(size, np.concatenate([[K[0, 0], K[1, 1], K[0, 2], K[1, 2]], bent]))

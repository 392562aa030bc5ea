# SPDX-License-Identifier: Apache-2.0
"""Where the floor's force on a moving robot acts, seen from outside: inverse dynamics of three places it was at."""

from __future__ import annotations

import numpy as np
import pinocchio as pin


class ZeroMoment:
    """The zero moment point of a robot whose base drives on a floor at height 0, all its links with their inertia."""

    def __init__(self, urdf: str, dt: float) -> None:
        """Read the URDF (XML text); places are `dt` [s] apart."""
        self._model = pin.buildModelFromXML(urdf, pin.JointModelFreeFlyer())
        self._data = self._model.createData()
        self._dt = dt
        self._seen: list[tuple[np.ndarray, np.ndarray]] = []

    def add(self, place: np.ndarray, q: np.ndarray) -> np.ndarray | None:
        """Take the base's (x, y, yaw) and all joints of the URDF (nq,); return the point (2,) [m] in the base.

        It is that of the place before this one; None until there are three.
        """
        self._seen = [*self._seen[-2:], (place.copy(), q.copy())]
        if len(self._seen) < 3:
            return None
        (place_0, q_0), (place_1, q_1), (place_2, q_2) = self._seen
        dt, model = self._dt, self._model
        x, y, yaw = place_1
        c, s = np.cos(yaw), np.sin(yaw)
        R = np.array([[c, s], [-s, c]])  # into the base
        speed, acceleration = (place_2 - place_0) / (2.0 * dt), (place_2 - 2.0 * place_1 + place_0) / dt**2
        u, w = R @ speed[:2], speed[2]
        v = np.concatenate([u, [0.0, 0.0, 0.0, w], (q_2 - q_0) / (2.0 * dt)])
        # Pinocchio's acceleration is the change of the velocity as the base sees it.
        a = np.concatenate(
            [R @ acceleration[:2] - w * np.array([-u[1], u[0]]), [0.0, 0.0, 0.0, acceleration[2]],
             (q_2 - 2.0 * q_1 + q_0) / dt**2]
        )  # fmt: skip
        place = np.array([x, y, 0.0, 0.0, 0.0, np.sin(0.5 * yaw), np.cos(0.5 * yaw)])
        wrench = pin.rnea(model, self._data, np.concatenate([place, q_1]), v, a)[:6]  # force, then moment
        return np.array([-wrench[4], wrench[3]]) / wrench[2]

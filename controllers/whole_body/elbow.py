# SPDX-License-Identifier: Apache-2.0
"""The one freedom that an arm of seven joints has beside its tool: where its elbow is about the line shoulder to wrist.

The swivel angle is 0 where the elbow hangs as low as it can, and grows by the right-hand rule about that line.
"""

from __future__ import annotations

from math import atan2, cos, pi, sin, sqrt

import numpy as np

from controllers.whole_body.model import BodyModel

STRAIGHT = 1e-3  # [m] an elbow nearer to the line has no angle


class ElbowTask:
    """The row of one arm's elbow."""

    def __init__(self, model: BodyModel, name: str, weight: float, rate: float) -> None:
        """Weigh the elbow's speed [m/s] by `weight`, and take it to its angle at `rate` [1/s]."""
        self._model, self._name = model, name
        self._root, self._rate = sqrt(weight), rate
        self._wrenches = np.zeros((6, 3))

    def angle(self) -> float:
        """Return where the elbow is [rad]."""
        return self._circle()[0]

    def _circle(self) -> tuple[float, float, float, np.ndarray]:
        """Return the angle, the radius [m] of the elbow's circle, its centre's share of the line, its tangent (3,)."""
        shoulder, elbow, wrist = self._model.elbow(self._name)
        line = wrist - shoulder
        length = float(np.linalg.norm(line))
        axis = line / max(length, STRAIGHT)
        along = float((elbow - shoulder) @ axis)
        out = elbow - shoulder - along * axis
        low = np.array([0.0, 0.0, -1.0]) + axis[2] * axis
        size = float(np.linalg.norm(low))
        low = low / size if size > 1e-6 else np.array([1.0, 0.0, 0.0])
        x, y, z = axis.tolist()
        a, b, c = low.tolist()
        side = np.array([y * c - z * b, z * a - x * c, x * b - y * a])  # axis × low
        first, second = float(out @ low), float(out @ side)
        radius = sqrt(first * first + second * second)
        angle = atan2(second, first)
        return angle, radius, along / max(length, STRAIGHT), cos(angle) * side - sin(angle) * low

    def write(self, wanted: float, A: np.ndarray, b: np.ndarray) -> None:
        """Write A (1, n + 1) and b (1,): the elbow goes along its circle to `wanted` [rad], the shorter way."""
        angle, radius, share, tangent = self._circle()
        # Of the elbow beside its own place on the line, which goes with shoulder and wrist; the base turns all alike.
        x, y, z = tangent.tolist()
        for part, (point, weight) in enumerate(
            zip(self._model.elbow(self._name), (share - 1.0, 1.0, -share), strict=True)
        ):
            a, b_, c = point.tolist()
            self._wrenches[:, part] = (x, y, z, b_ * z - c * y, c * x - a * z, a * y - b_ * x)
            self._wrenches[:, part] *= weight
        moved = self._model.moved
        A[0, :moved] = 0.0
        A[0, moved:-1] = self._root * self._model.elbow_row(self._name, self._wrenches)
        A[0, -1] = 0.0
        way = (wanted - angle + pi) % (2.0 * pi) - pi
        b[0] = self._root * self._rate * radius * max(-1.0, min(1.0, way))

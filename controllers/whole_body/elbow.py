# SPDX-License-Identifier: Apache-2.0
"""The one freedom that an arm of seven joints has beside its tool: where its elbow is about the line shoulder to wrist.

The swivel angle is 0 where the elbow hangs as low as it can, and grows by the right-hand rule about that line. In plain
numbers: on three of them Python beats array calls in the loop.
"""

from __future__ import annotations

from math import atan2, cos, pi, sin, sqrt

import numpy as np

from controllers.rotations import Vector
from controllers.whole_body.model import BodyModel

STRAIGHT = 1e-3  # [m] an elbow nearer to the line has no angle
Circle = tuple[float, float, float, Vector]


class ElbowTask:
    """The row of one arm's elbow."""

    def __init__(self, model: BodyModel, name: str, weight: float, rate: float) -> None:
        """Weigh the elbow's speed [m/s] by `weight`, and take it to its angle at `rate` [1/s]."""
        self._model, self._name = model, name
        self._root, self._rate = sqrt(weight), rate

    def angle(self) -> float:
        """Return where the elbow is [rad]."""
        return elbow_circle(*self._model.elbow(self._name))[0]

    def write(self, wanted: float, A: np.ndarray, b: np.ndarray) -> None:
        """Write A (1, n + 1) and b (1,): the elbow goes along its circle to `wanted` [rad], the shorter way."""
        points = self._model.elbow(self._name)
        angle, radius, share, (x, y, z) = elbow_circle(*points)
        # Of the elbow beside its own place on the line, which goes with shoulder and wrist; the base turns all alike.
        wrenches = [
            (k * x, k * y, k * z, k * (d * z - e * y), k * (e * x - c * z), k * (c * y - d * x))
            for (c, d, e), k in zip(points, (share - 1.0, 1.0, -share), strict=True)
        ]
        moved = self._model.moved
        A[0, :moved] = A[0, -1] = 0.0
        A[0, moved:-1] = self._root * self._model.elbow_row(self._name, np.array(wrenches).T)
        way = (wanted - angle + pi) % (2.0 * pi) - pi
        b[0] = self._root * self._rate * radius * max(-1.0, min(1.0, way))


def elbow_circle(shoulder: Vector, elbow: Vector, wrist: Vector) -> Circle:
    """Return the elbow's angle [rad], its circle's radius [m], where on the line its centre is (share), its tangent."""
    a, b, c = wrist[0] - shoulder[0], wrist[1] - shoulder[1], wrist[2] - shoulder[2]
    length = max(sqrt(a * a + b * b + c * c), STRAIGHT)
    a, b, c = a / length, b / length, c / length  # the axis
    x, y, z = elbow[0] - shoulder[0], elbow[1] - shoulder[1], elbow[2] - shoulder[2]
    along = x * a + y * b + z * c
    flat = sqrt(a * a + b * b)  # the axis beside the upright: what is low of it is (c a, c b, −flat²) / flat
    low = (c * a / flat, c * b / flat, -flat) if flat > STRAIGHT else (1.0, 0.0, 0.0)
    side = (b * low[2] - c * low[1], c * low[0] - a * low[2], a * low[1] - b * low[0])  # axis × low
    first, second = x * low[0] + y * low[1] + z * low[2], x * side[0] + y * side[1] + z * side[2]
    angle = atan2(second, first)
    u, v = cos(angle), sin(angle)
    tangent = (u * side[0] - v * low[0], u * side[1] - v * low[1], u * side[2] - v * low[2])
    return angle, sqrt(first * first + second * second), along / length, tangent

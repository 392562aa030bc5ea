# SPDX-License-Identifier: Apache-2.0
"""Unit quaternions (xyzw) as tuples of floats: on four numbers plain Python beats array calls in the loop."""

from __future__ import annotations

from math import acos, atan2, cos, sin, sqrt

import numpy as np

Quaternion = tuple[float, float, float, float]
Vector = tuple[float, float, float]

IDENTITY: Quaternion = (0.0, 0.0, 0.0, 1.0)


def normalise(q: Quaternion) -> Quaternion:
    """Scale to unit length. Raises ZeroDivisionError for the zero quaternion."""
    x, y, z, w = q
    s = 1.0 / sqrt(x * x + y * y + z * z + w * w)
    return (x * s, y * s, z * s, w * s)


def multiply(a: Quaternion, b: Quaternion) -> Quaternion:
    """Compose rotations: first b, then a (Hamilton product)."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    return (
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
    )


def log_relative(a: Quaternion, b: Quaternion) -> Vector:
    """Return the rotation vector [rad] from a to b, of any length, in a's frame: log(a⁻¹ b), at most π long."""
    ax, ay, az, aw = a
    bx, by, bz, bw = b
    x = aw * bx - ax * bw - ay * bz + az * by
    y = aw * by + ax * bz - ay * bw - az * bx
    z = aw * bz - ax * by + ay * bx - az * bw
    w = aw * bw + ax * bx + ay * by + az * bz
    if w < 0.0:  # q and -q are one rotation: take the short way
        x, y, z, w = -x, -y, -z, -w
    s = sqrt(x * x + y * y + z * z)
    k = 2.0 * atan2(s, w) / s if s > 1e-9 else 2.0
    return (k * x, k * y, k * z)


def compose_exp(q: Quaternion, v: Vector) -> Quaternion:
    """Turn q by the rotation vector v [rad] given in q's own frame: q exp(v), renormalised."""
    x, y, z = v
    angle2 = x * x + y * y + z * z
    if angle2 > 1e-12:
        angle = sqrt(angle2)
        k = sin(0.5 * angle) / angle
        w = cos(0.5 * angle)
    else:
        k = 0.5
        w = 1.0 - 0.125 * angle2
    return normalise(multiply(q, (k * x, k * y, k * z, w)))


def rotate(q: Quaternion, v: Vector) -> Vector:
    """Express in the base a vector given in q's frame: R(q) v."""
    x, y, z, w = q
    vx, vy, vz = v
    tx, ty, tz = 2.0 * (y * vz - z * vy), 2.0 * (z * vx - x * vz), 2.0 * (x * vy - y * vx)
    return (vx + w * tx + y * tz - z * ty, vy + w * ty + z * tx - x * tz, vz + w * tz + x * ty - y * tx)


def angle_between(a: Quaternion, b: Quaternion) -> float:
    """Return the angle [rad] between two orientations, 0 to π."""
    return 2.0 * acos(min(1.0, abs(a[0] * b[0] + a[1] * b[1] + a[2] * b[2] + a[3] * b[3])))


def from_matrix(R: np.ndarray) -> Quaternion:
    """Convert a rotation matrix (3, 3), by the largest of the four components (Shepperd)."""
    (a, b, c), (d, e, f), (g, h, i) = R.tolist()
    if a + e + i > 0.0:
        q = (h - f, c - g, d - b, 1.0 + a + e + i)
    elif a >= e and a >= i:
        q = (1.0 + a - e - i, b + d, c + g, h - f)
    elif e >= i:
        q = (b + d, 1.0 - a + e - i, f + h, c - g)
    else:
        q = (c + g, f + h, 1.0 - a - e + i, d - b)
    return normalise(q)


def write_matrix(q: Quaternion, R: np.ndarray) -> None:
    """Write the rotation matrix of q into R (3, 3)."""
    x, y, z, w = q
    xx, yy, zz, xy, xz, yz = x * x, y * y, z * z, x * y, x * z, y * z
    wx, wy, wz = w * x, w * y, w * z
    R[0, 0], R[0, 1], R[0, 2] = 1.0 - 2.0 * (yy + zz), 2.0 * (xy - wz), 2.0 * (xz + wy)
    R[1, 0], R[1, 1], R[1, 2] = 2.0 * (xy + wz), 1.0 - 2.0 * (xx + zz), 2.0 * (yz - wx)
    R[2, 0], R[2, 1], R[2, 2] = 2.0 * (xz - wy), 2.0 * (yz + wx), 1.0 - 2.0 * (xx + yy)

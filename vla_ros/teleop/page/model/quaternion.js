// SPDX-License-Identifier: Apache-2.0
// Unit quaternions [x, y, z, w] and vectors [x, y, z], as WebXR has them.

export const IDENTITY = Object.freeze([0, 0, 0, 1]);

export function multiply([ax, ay, az, aw], [bx, by, bz, bw]) {
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}

export function normalize(q) {
  const length = Math.hypot(...q);
  return q.map((value) => value / length);
}

/** Turn a rotation vector [rad] into a quaternion. */
export function fromRotationVector(vector) {
  const angle = Math.hypot(...vector);
  if (angle < 1e-9) return [...IDENTITY];
  const s = Math.sin(angle / 2) / angle;
  return [vector[0] * s, vector[1] * s, vector[2] * s, Math.cos(angle / 2)];
}

/** Turn three orthogonal unit vectors, the axes of something, into a quaternion. */
export function fromAxes([xx, xy, xz], [yx, yy, yz], [zx, zy, zz]) {
  // The largest of the four is found first: the others are divided by it (Shepperd 1978).
  const squares = [1 + xx - yy - zz, 1 - xx + yy - zz, 1 - xx - yy + zz, 1 + xx + yy + zz];
  const rows = [
    [squares[0], xy + yx, zx + xz, yz - zy],
    [xy + yx, squares[1], yz + zy, zx - xz],
    [zx + xz, yz + zy, squares[2], xy - yx],
    [yz - zy, zx - xz, xy - yx, squares[3]],
  ];
  return normalize(rows[squares.indexOf(Math.max(...squares))]);
}

/** Turn vector v by q. */
export function rotate(q, v) {
  const [x, y, z] = multiply(multiply(q, [...v, 0]), [-q[0], -q[1], -q[2], q[3]]);
  return [x, y, z];
}

/** Return a pose as seen from `origin`, both {p, q} in one room. */
export function seenFrom(origin, { p, q }) {
  const [x, y, z, w] = origin.q;
  const back = [-x, -y, -z, w];
  return { p: rotate(back, p.map((value, i) => value - origin.p[i])), q: multiply(back, q) };
}

/** Return the heading of q about the vertical axis [rad]: 0 looks along −z, positive turns left. */
export function heading(q) {
  const [x, , z] = rotate(q, [0, 0, -1]);
  return Math.atan2(-x, -z);
}

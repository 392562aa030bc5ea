// SPDX-License-Identifier: Apache-2.0
// Where things hang in the headset: pictures in an arc, the board below, marks at the hands.

import { fromRotationVector, multiply, rotate } from "../model/quaternion.js";
import { placed } from "./matrix.js";
import { PANEL } from "./panel.js";

const RADIUS = 1.9; // m
const WIDTH = { 1: 1.5, 2: 1.25, 3: 1.15 };
const FLOOR = placed([0, 0, 0], fromRotationVector([-Math.PI / 2, 0, 0]), [12, 12, 1]);

/** Return where each of the cameras' pictures hangs; `eye` is the height of the eyes [m]. */
export function picturePlaces(cameras, eye) {
  const count = cameras.length;
  const width = WIDTH[count] ?? 1;
  const step = 2 * Math.atan((width / 2 + 0.03) / RADIUS);
  return cameras.map(({ width: w, height: h }, i) => {
    const angle = ((count - 1) / 2 - i) * step; // the first at the left, as on the page
    const turn = fromRotationVector([0, angle, 0]);
    const [x, , z] = rotate(turn, [0, 0, -RADIUS]);
    return placed([x, eye, z], turn, [width, (width * h) / w, 1]);
  });
}

/** Return where the board hangs: below the pictures, tilted towards the eyes. */
export function boardPlace(eye) {
  const tilt = fromRotationVector([-0.6, 0, 0]);
  return placed([0, eye - 0.72, -1.25], tilt, [0.92, (0.92 * PANEL.height) / PANEL.width, 1]);
}

/** Draw one eye's view. */
export function drawRoom(painter, { places, shades, board, marks, passthrough }) {
  if (!passthrough) painter.floor(FLOOR, [0.31, 0.45, 0.5, 0.55]);
  places.forEach((place, i) => painter.picture(`camera ${i}`, place, shades[i]));
  painter.picture("board", board);
  for (const { p, q, clutch, gripper } of Object.values(marks)) {
    const colour = clutch ? [0.31, 0.82, 0.75, 1] : [0.64, 0.69, 0.73, 0.8];
    // Two fingers that close with the trigger, along the way the hand points.
    for (const side of [-1, 1]) {
      const [x, y, z] = rotate(q, [side * (0.006 + 0.02 * (1 - gripper)), 0, -0.06]);
      for (const turn of [[0, 0, 0], [0, 0, Math.PI / 2]]) {
        const lying = multiply(q, multiply(fromRotationVector([-Math.PI / 2, 0, 0]), fromRotationVector(turn)));
        const size = turn[2] ? [0.07, 0.006, 1] : [0.006, 0.07, 1];
        painter.plain(placed([p[0] + x, p[1] + y, p[2] + z], lying, size), colour);
      }
    }
  }
}

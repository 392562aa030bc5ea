// SPDX-License-Identifier: Apache-2.0
// A bare hand as a gripper: where thumb and index finger meet, and how far they are closed.

import { fromAxes } from "../model/quaternion.js";

const OPEN_M = 0.12; // between the tips of thumb and index finger: wider than they open around a mug
const CLOSED_M = 0.02;

const minus = (a, b) => a.map((value, i) => value - b[i]);
const middle = (a, b) => a.map((value, i) => (value + b[i]) / 2);
const dot = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);
const unit = (a) => a.map((value) => value / Math.hypot(...a));
const cross = ([ax, ay, az], [bx, by, bz]) => [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];

function place(frame, hand, joint, floor) {
  const space = hand.get(joint);
  const position = space && frame.getJointPose(space, floor)?.transform.position;
  return position ? [position.x, position.y, position.z] : null;
}

/** Return how far a hand is closed, 0 open … 1 closed; null when its tips are not seen. */
export function closing(frame, hand, floor) {
  const thumb = place(frame, hand, "thumb-tip", floor);
  const index = place(frame, hand, "index-finger-tip", floor);
  if (!thumb || !index) return null;
  const apart = Math.hypot(...minus(thumb, index));
  return Math.min(1, Math.max(0, (OPEN_M - apart) / (OPEN_M - CLOSED_M)));
}

/**
 * Return the pose of the tool that a hand stands for: the middle between the tips of thumb and index finger, y from the
 * tips back to their knuckles, x along the way they close (from the left finger to the right one of a hand that is held
 * palm down), so that fingers that point at the floor are a tool that does. Null while a joint is not seen.
 */
export function pinchPose(frame, hand, floor, side) {
  const [thumb, index, thumbKnuckle, indexKnuckle] = [
    "thumb-tip", "index-finger-tip", "thumb-phalanx-proximal", "index-finger-phalanx-proximal",
  ].map((joint) => place(frame, hand, joint, floor));
  if (!thumb || !index || !thumbKnuckle || !indexKnuckle) return null;
  const p = middle(thumb, index);
  const y = unit(minus(middle(thumbKnuckle, indexKnuckle), p));
  // Of the knuckles, not of the tips: those touch when the hand is closed.
  const across = side === "left" ? minus(thumbKnuckle, indexKnuckle) : minus(indexKnuckle, thumbKnuckle);
  const x = unit(minus(across, y.map((value) => value * dot(across, y))));
  return { p, q: fromAxes(x, y, cross(x, y)) };
}

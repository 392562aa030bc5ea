// SPDX-License-Identifier: Apache-2.0
// A bare hand as a controller would be: where it grips, and how far thumb and index finger are closed.

import { fromAxes } from "../model/quaternion.js";

const OPEN_M = 0.08; // between the tips of thumb and index finger
const CLOSED_M = 0.02;
const PALM_M = 0.03; // from the bones to where a held thing is

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
 * Return the grip's pose from the joints, for browsers that give a hand no grip: in the palm, −z from the little finger
 * to the index, −y along the fingers, x through the palm, as of a controller that is held.
 */
export function gripOf(frame, hand, floor, side) {
  const [wrist, palm, knuckle, index, little] = [
    "wrist", "middle-finger-metacarpal", "middle-finger-phalanx-proximal",
    "index-finger-phalanx-proximal", "pinky-finger-phalanx-proximal",
  ].map((joint) => place(frame, hand, joint, floor));
  if (!wrist || !palm || !knuckle || !index || !little) return null;
  const y = unit(minus(wrist, knuckle));
  const across = minus(little, index);
  const z = unit(minus(across, y.map((value) => value * dot(across, y))));
  const x = cross(y, z);
  const out = side === "left" ? PALM_M : -PALM_M; // x points out of the left palm and into the right one
  return { p: middle(palm, knuckle).map((value, i) => value + out * x[i]), q: fromAxes(x, y, z) };
}

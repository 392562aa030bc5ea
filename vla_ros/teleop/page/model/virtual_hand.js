// SPDX-License-Identifier: Apache-2.0
// A hand that keys, pointer or gamepad move as a person would move theirs.

import { fromRotationVector, multiply, normalize } from "./quaternion.js";

const ORIGIN = { right: [0.2, 1.1, -0.4], left: [-0.2, 1.1, -0.4] };
const SMOOTHING_S = 0.09; // a step of the wish becomes a soft start, which a demonstration should have
const GRIPPER_PER_S = 2.5; // full stroke in 0.4 s
const REACH_M = 1.5;

export class VirtualHand {
  q = [0, 0, 0, 1];
  clutch = false;
  gripper = 0;
  #gripperTarget = 0;
  #v = [0, 0, 0];
  #w = [0, 0, 0];
  #left = { p: [0, 0, 0], r: [0, 0, 0] };

  constructor(side) {
    this.side = side;
    this.p = [...ORIGIN[side]];
  }

  /** Ask for an opening, 0 open to 1 closed; the hand closes as fast as a person would. */
  setGripper(target) {
    this.#gripperTarget = Math.min(1, Math.max(0, target));
  }

  get gripperTarget() {
    return this.#gripperTarget;
  }

  /** Take over what the robot's gripper does, so that nothing is dropped when the hand engages. */
  assumeGripper(value) {
    this.gripper = this.#gripperTarget = value;
  }

  /** Move by what a drag asks for [m], [rad]: executed no faster than a hand would. */
  push(p, r) {
    for (let i = 0; i < 3; i++) {
      this.#left.p[i] += p[i];
      this.#left.r[i] += r[i];
    }
  }

  /** Whether a drag or a move of the gripper is not carried out yet. */
  get busy() {
    const { p, r } = this.#left;
    return Math.hypot(...p) > 2e-4 || Math.hypot(...r) > 2e-3 || Math.abs(this.#gripperTarget - this.gripper) > 1e-3;
  }

  /** Advance by dt [s] towards velocity v [m/s] and turning rate w [rad/s] about the room's axes. */
  step(dt, v, w) {
    const blend = 1 - Math.exp(-dt / SMOOTHING_S);
    for (let i = 0; i < 3; i++) {
      this.#v[i] += blend * ((this.clutch ? v[i] : 0) - this.#v[i]);
      this.#w[i] += blend * ((this.clutch ? w[i] : 0) - this.#w[i]);
    }
    if (!this.clutch) {
      this.#rest();
    } else {
      const dragged = this.#drain(dt);
      this.p = this.p.map((value, i) => value + this.#v[i] * dt + dragged.p[i]);
      const turn = this.#w.map((value, i) => value * dt + dragged.r[i]);
      this.q = normalize(multiply(fromRotationVector(turn), this.q));
    }
    const stroke = GRIPPER_PER_S * dt;
    this.gripper += Math.min(stroke, Math.max(-stroke, this.#gripperTarget - this.gripper));
  }

  /** While free, the hand has no speed, and returns before it is out of anyone's reach. */
  #rest() {
    this.#v.fill(0);
    this.#w.fill(0);
    this.#left.p.fill(0);
    this.#left.r.fill(0);
    const origin = ORIGIN[this.side];
    if (Math.hypot(...this.p.map((value, i) => value - origin[i])) > REACH_M) this.p = [...origin];
  }

  #drain(dt) {
    const most = { p: 0.4 * dt, r: 1.2 * dt };
    const out = {};
    for (const kind of ["p", "r"]) {
      const left = this.#left[kind];
      const length = Math.hypot(...left);
      const share = length > 0 ? Math.min(1 - Math.exp(-dt / SMOOTHING_S), most[kind] / length) : 0;
      out[kind] = left.map((value) => value * share);
      for (let i = 0; i < 3; i++) left[i] -= out[kind][i];
    }
    return out;
  }

  message() {
    return { p: this.p, q: this.q, clutch: this.clutch, gripper: this.gripper };
  }
}

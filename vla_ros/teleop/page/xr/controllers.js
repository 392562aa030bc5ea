// SPDX-License-Identifier: Apache-2.0
// What a headset's controllers say, as hands, sticks and presses (layout: xr-standard).

import { seenFrom } from "../model/quaternion.js";
import { Measured } from "./measured.js";
import { Presses } from "./presses.js";
import { plainPose } from "./stage.js";

const TRIGGER = 0;
const SQUEEZE = 1;
const STICK = 3;
const A_OR_X = 4;
const B_OR_Y = 5;
const SQUEEZED = 0.5; // of an analog squeeze without a switch of its own
const DEAD = 0.12;

const finite = (values) => values.every(Number.isFinite);

export class Controllers {
  marks = {}; // side → {p, q, clutch} to be drawn
  #presses = new Presses();
  #only = null; // the controller that drives a robot of one arm
  #squeezed = new Set();
  #measured = new Measured();

  /**
   * Read all controllers of an XR frame, as seen from the operator's `origin` in the floor's space. `sides` are the
   * hands the robot has arms for: a robot of one arm is driven by whichever controller was squeezed last.
   * Returns {hands, sticks, events}, events being [what, side].
   */
  read(frame, floor, origin, inputSources, sides, now) {
    const hands = {};
    const sticks = {};
    const events = [];
    this.marks = {};
    const there = new Set([...inputSources].filter(({ gamepad }) => gamepad).map(({ handedness }) => handedness));
    for (const side of this.#squeezed) if (!there.has(side)) this.#squeezed.delete(side); // asleep, or its battery dead
    for (const source of inputSources) {
      const side = source.handedness;
      const { gamepad, gripSpace } = source;
      if ((side !== "left" && side !== "right") || !gamepad || !gripSpace) continue;
      const button = (index) => gamepad.buttons[index];
      for (const [name, index] of [["stick", STICK], ["ax", A_OR_X], ["by", B_OR_Y]]) {
        const press = this.#presses.read(`${side} ${name}`, Boolean(button(index)?.pressed), now);
        if (press) events.push([`${name} ${press}`, side]);
      }
      const [x, y] = [gamepad.axes[2], gamepad.axes[3]].map(beyondDead);
      sticks[side] = [x, y];

      const clutch = Boolean(button(SQUEEZE)?.pressed || (button(SQUEEZE)?.value ?? 0) > SQUEEZED);
      if (clutch && !this.#squeezed.has(side)) {
        events.push(["squeeze", side]);
        if (!this.#only || !this.#squeezed.has(this.#only)) this.#only = side;
      }
      if (clutch) this.#squeezed.add(side);
      else this.#squeezed.delete(side);

      const pose = frame.getPose(gripSpace, floor);
      if (!pose || this.#measured.isGuess(pose, side)) continue;
      const own = seenFrom(origin, plainPose(pose.transform));
      const hand = { ...own, clutch, gripper: button(TRIGGER)?.value ?? 0 };
      if (!finite([...hand.p, ...hand.q, hand.gripper])) continue;
      this.marks[side] = hand;
      const driven = sides.length === 1 ? (side === (this.#only ?? sides[0]) ? sides[0] : null) : side;
      if (driven) hands[driven] = hand;
    }
    return { hands, sticks, events };
  }

  get anySqueezed() {
    return this.#squeezed.size > 0;
  }
}

/** Unused axes come as null, and a stick at rest is never quite 0. */
function beyondDead(value) {
  if (!Number.isFinite(value)) return 0;
  const size = Math.min(1, Math.abs(value));
  return size < DEAD ? 0 : (Math.sign(value) * (size - DEAD)) / (1 - DEAD);
}

/** Let a controller be felt. */
export function pulse(inputSources, side, strength = 0.5, ms = 40) {
  for (const source of inputSources) {
    if (source.handedness === side) source.gamepad?.hapticActuators?.[0]?.pulse?.(strength, ms);
  }
}

// SPDX-License-Identifier: Apache-2.0
// What a headset says of both hands, with controllers or without, and what they ask for.

import { seenFrom } from "../model/quaternion.js";
import { Measured } from "../xr/measured.js";
import { Presses } from "../xr/presses.js";
import { plainPose } from "../xr/stage.js";
import { closing, pinchPose } from "./bare_hand.js";

const TRIGGER = 0;
const A_OR_X = 4;
const B_OR_Y = 5;
const PINCHED = 0.95; // of closing: the tips touch

export class Hands {
  bare = false; // whether the hands hold no controllers
  #presses = new Presses();
  #measured = new Measured();

  /**
   * Read one XR frame. Returns {hands, events}: hands as of the page's messages, seen from `origin`; events toggle,
   * discard, ahead. `own` is the hand that is recorded: with bare hands the other one's pinch is the button.
   */
  read(frame, floor, origin, inputSources, own, now) {
    const hands = {};
    const events = [];
    this.bare = false;
    for (const source of inputSources) {
      const side = source.handedness;
      if (side !== "left" && side !== "right") continue;
      if (source.hand) this.bare = true;
      const pose = this.#pose(frame, floor, source, side);
      const gripper = source.hand ? closing(frame, source.hand, floor) : (source.gamepad?.buttons[TRIGGER]?.value ?? 0);
      if (source.hand) {
        // Tips that are not seen are neither pinched nor let go.
        const pinched = side !== own && gripper >= PINCHED;
        if (gripper !== null && this.#presses.read(`${side} pinch`, pinched, now) === "long") events.push("toggle");
      } else if (source.gamepad) this.#readButtons(source.gamepad, side, now, events);
      if (!pose || gripper === null) continue;
      const hand = { ...seenFrom(origin, pose), clutch: true, gripper: Math.min(1, Math.max(0, gripper)) };
      if ([...hand.p, ...hand.q, hand.gripper].every(Number.isFinite)) hands[side] = hand;
    }
    return { hands, events };
  }

  #pose(frame, floor, { gripSpace, hand }, side) {
    if (hand) return pinchPose(frame, hand, floor, side);
    const pose = gripSpace ? frame.getPose(gripSpace, floor) : null;
    return pose && !this.#measured.isGuess(pose, side) ? plainPose(pose.transform) : null;
  }

  #readButtons({ buttons }, side, now, events) {
    const press = (index) => this.#presses.read(`${side} ${index}`, Boolean(buttons[index]?.pressed), now);
    if (press(A_OR_X) === "short") events.push("toggle");
    const second = press(B_OR_Y);
    if (second === "short") events.push("discard");
    else if (second === "long") events.push("ahead");
  }
}

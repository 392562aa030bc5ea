// SPDX-License-Identifier: Apache-2.0
// The virtual hands and the devices that move them; sends `hands` 60 times a second.

import { VirtualHand } from "./virtual_hand.js";

const PACKET_MS = 16;
const IDLE_MS = 90; // at least ten messages a second, so that the robot knows somebody is there
const LINGER_MS = 1500; // a hand lets go this long after its last input, not between two taps of a key
const BACKLOG = 16384; // bytes: what waits longer than that is history, not a command

/**
 * A device is {source, holds?, read(dt) → wish or null}; a wish is {v, w: velocity, turning rate; sticks?; gripper?}.
 * With `holds` the device has a clutch of its own: the hand lets go at once when the wish ends.
 */
export class Drive {
  hands = { right: new VirtualHand("right"), left: new VirtualHand("left") };
  selected = "right";
  source = "keys";
  pace = 0.12; // of keys and gamepad [m/s]
  takeover = null; // of a headset: it sends instead
  #devices = [];
  #counter = 0;
  #sentAt = -Infinity;
  #lastInput = -Infinity;
  #holding = false;
  #before = performance.now();

  constructor(session) {
    this.session = session;
    session.on("change", (name) => name === "welcome" && this.#chooseHand());
    session.on("change", (name) => name === "state" && this.#followGripper());
    document.addEventListener("visibilitychange", () => document.hidden && !this.takeover && this.release());
    window.addEventListener("blur", () => !this.takeover && this.release());
    // Not the display's clock: a device that draws slowly must not let the arm stutter, or fall silent.
    setInterval(() => this.#tick(performance.now()), PACKET_MS);
  }

  add(device) {
    this.#devices.push(device);
    return device;
  }

  get hand() {
    return this.hands[this.selected];
  }

  get engaged() {
    return this.hands.right.clutch || this.hands.left.clutch;
  }

  /** Whether the chosen hand is held, or will be at the next tick. */
  get #held() {
    const { driving, stopped } = this.session;
    return driving && !stopped && performance.now() - this.#lastInput < LINGER_MS;
  }

  /** Which hands the robot has arms for. */
  get sides() {
    const sides = this.session.arms.map((arm) => arm.hand);
    return sides.length ? sides : ["right"];
  }

  select(side) {
    if (!this.sides.includes(side) || side === this.selected) return;
    this.release();
    this.selected = side;
  }

  /** Somebody does something with this device: its hand holds on for a little while. */
  touch(source) {
    if (!this.session.driving) return false;
    this.source = source;
    this.#lastInput = performance.now();
    return true;
  }

  /** Open or close the chosen gripper: 0 to 1. */
  grip(target, source) {
    if (this.touch(source)) this.hand.setGripper(target);
  }

  /** Move the chosen hand by a drag [m], [rad]. */
  push(p, r, source) {
    if (this.touch(source)) this.hand.push(p, r);
  }

  /** Let go, and say so. */
  release() {
    this.#lastInput = -Infinity;
    this.#holding = false;
    for (const device of this.#devices) device.reset?.();
    for (const hand of Object.values(this.hands)) {
      hand.clutch = false;
      hand.step(0, [0, 0, 0], [0, 0, 0]);
    }
    if (this.session.driving && !this.takeover) this.#send(undefined);
  }

  /** Send poses of a real headset's hands, and how the headset itself is turned. */
  sendHands(source, hands, sticks, head) {
    const { connection } = this.session;
    if (!this.session.driving || connection.backlog > BACKLOG) return;
    const message = { type: "hands", n: this.#counter++, t: performance.now(), source, hands };
    if (sticks) message.sticks = sticks;
    if (head) message.head = head;
    connection.send(message);
    this.#sentAt = message.t;
  }

  #tick(now) {
    const dt = Math.min(0.05, Math.max(0, (now - this.#before) / 1000));
    this.#before = now;
    if (this.takeover) return;
    let wish = null;
    for (const device of this.#devices) {
      const read = device.read(dt);
      if (!read || !this.session.driving) continue;
      wish = read;
      this.touch(device.source);
      if (device.holds) this.#holding = true;
    }
    if (this.#holding && !wish) {
      this.#holding = false;
      this.#lastInput = -Infinity;
    }
    if (this.hand.clutch && this.hand.busy) this.#lastInput = performance.now();
    // The base follows the sticks while a clutch is held, the arm then follows a hand that stays where it is.
    const held = this.#held;
    for (const [side, hand] of Object.entries(this.hands)) {
      const mine = side === this.selected;
      const engages = held && mine && !hand.clutch;
      hand.clutch = held && mine;
      if (mine && wish?.gripper !== undefined) hand.setGripper(wish.gripper);
      // The robot latches the first pose it hears with the clutch: what was moved before that would be lost.
      hand.step(engages ? 0 : dt, wish?.v ?? [0, 0, 0], wish?.w ?? [0, 0, 0]);
    }
    if (!this.session.driving) return;
    if (held || wish?.sticks || performance.now() - this.#sentAt >= IDLE_MS) this.#send(wish?.sticks);
  }

  #send(sticks) {
    const hands = Object.fromEntries(this.sides.map((side) => [side, this.hands[side].message()]));
    this.sendHands(this.source, hands, sticks);
  }

  #chooseHand() {
    if (!this.sides.includes(this.selected)) this.selected = this.sides[0];
  }

  /** A hand that is free takes over what the gripper is commanded to do, so that engaging drops nothing. */
  #followGripper() {
    for (const { name, hand, gripper_max, tool } of this.session.arms) {
      const told = this.session.state.arms[name]?.gripper;
      const asked = hand === this.selected && this.#held; // what it was just commanded comes first
      if (this.hands[hand].clutch || asked || typeof told !== "number") continue;
      if (tool === "suction") this.hands[hand].assumeGripper(told);
      else if (gripper_max) this.hands[hand].assumeGripper(1 - Math.min(1, told / gripper_max));
    }
  }
}

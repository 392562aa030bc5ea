// SPDX-License-Identifier: Apache-2.0
// Keys that move the hand while they are held, by their place on the keyboard.

// code: [what, axis, sign]; x right, y up, z back, as WebXR has it.
export const MOTION = {
  KeyW: ["v", 2, -1],
  KeyS: ["v", 2, 1],
  KeyA: ["v", 0, -1],
  KeyD: ["v", 0, 1],
  KeyR: ["v", 1, 1],
  KeyF: ["v", 1, -1],
  KeyQ: ["w", 1, 1],
  KeyE: ["w", 1, -1],
  KeyI: ["w", 0, -1],
  KeyK: ["w", 0, 1],
  KeyJ: ["w", 2, 1],
  KeyL: ["w", 2, -1],
};
const STICKS = {
  ArrowUp: ["left", 1, -1],
  ArrowDown: ["left", 1, 1],
  ArrowLeft: ["left", 0, -1],
  ArrowRight: ["left", 0, 1],
  PageUp: ["right", 1, -1],
  PageDown: ["right", 1, 1],
  Comma: ["look", 0, -1],
  Period: ["look", 0, 1],
  Home: ["look", 1, -1],
  End: ["look", 1, 1],
};
const TURN_PER_METRE = 4; // rad/s for each m/s of pace
const SLOW = 0.25;

/** Whether what is typed belongs to a field, not to the robot. */
export function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=range]), textarea, select, [contenteditable]");
}

export class Keyboard {
  source = "keys";
  #held = new Set();
  #slow = false;

  constructor(drive) {
    this.drive = drive;
    window.addEventListener("keydown", (event) => this.#down(event));
    window.addEventListener("keyup", (event) => this.#up(event));
  }

  /** Hold or let go of a key, as the pictures of keys on the screen do. */
  press(code, down) {
    if (down) this.#held.add(code);
    else this.#held.delete(code);
  }

  holds(code) {
    return this.#held.has(code);
  }

  reset() {
    this.#held.clear();
  }

  read() {
    const wish = { v: [0, 0, 0], w: [0, 0, 0] };
    const sticks = {};
    const pace = this.drive.pace * (this.#slow ? SLOW : 1);
    let any = false;
    for (const code of this.#held) {
      if (code in MOTION) {
        const [kind, axis, sign] = MOTION[code];
        wish[kind][axis] += sign * pace * (kind === "w" ? TURN_PER_METRE : 1);
        any = true;
      } else if (code in STICKS) {
        const [side, axis, sign] = STICKS[code];
        sticks[side] ??= [0, 0];
        sticks[side][axis] += sign * (this.#slow ? SLOW : 1);
        any = true;
      }
    }
    if (Object.keys(sticks).length) wish.sticks = sticks;
    return any ? wish : null;
  }

  /** While ⌘ is held, macOS says of no other key that it is let go: then none is held. */
  #forget(event) {
    if (event.key === "Meta" || event.metaKey) this.reset();
  }

  #down(event) {
    this.#forget(event);
    this.#slow = event.shiftKey;
    if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
    const { welcome } = this.drive.session;
    const { base, lift, head } = welcome?.robot ?? {};
    const stick = STICKS[event.code] && (STICKS[event.code][0] === "look" ? head : base || lift);
    const onSlider = event.target instanceof HTMLInputElement;
    if (event.code in MOTION || (stick && !onSlider)) {
      event.preventDefault();
      if (!event.repeat) this.#held.add(event.code);
    }
  }

  #up(event) {
    this.#forget(event);
    this.#slow = event.shiftKey;
    this.#held.delete(event.code);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Short and long presses of a button that is only ever read.

const LONG_MS = 900;

export class Presses {
  #since = new Map(); // button → when it went down; Infinity once its long press was told
  #readAt = new Map(); // button → when it was read last

  /** Tell of one button's state: returns "down" at first, "long" while it is held, "short" when it is let go early. */
  read(name, pressed, now) {
    // What became of a press meanwhile nobody knows: its controller fell asleep, or a menu hid the page.
    if (now - this.#readAt.get(name) >= LONG_MS) this.#since.delete(name);
    this.#readAt.set(name, now);
    const since = this.#since.get(name);
    if (pressed && since === undefined) {
      this.#since.set(name, now);
      return "down";
    }
    if (pressed && now - since >= LONG_MS) {
      this.#since.set(name, Infinity);
      return "long";
    }
    if (!pressed && since !== undefined) {
      this.#since.delete(name);
      if (since !== Infinity) return "short";
    }
    return null;
  }
}

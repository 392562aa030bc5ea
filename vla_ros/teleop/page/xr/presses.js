// SPDX-License-Identifier: Apache-2.0
// Short and long presses of a button that is only ever read.

const LONG_MS = 900;

export class Presses {
  #since = new Map(); // button → when it went down; Infinity once its long press was told

  /** Tell of one button's state: returns "down" at first, "long" while it is held, "short" when it is let go early. */
  read(name, pressed, now) {
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
      // Of a press whose end was not seen, as of a controller that fell asleep, nobody knows how long it was.
      if (since !== Infinity && now - since < LONG_MS) return "short";
    }
    return null;
  }
}

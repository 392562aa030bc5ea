// SPDX-License-Identifier: Apache-2.0
// Whether a place is measured or only guessed, as behind one's back; some devices never say more than a guess.

export class Measured {
  #once = new Set();

  /** Whether a hand's pose is only estimated though that device has measured it before. */
  isGuess(pose, name) {
    if (!pose.emulatedPosition) this.#once.add(name);
    return pose.emulatedPosition && this.#once.has(name);
  }
}

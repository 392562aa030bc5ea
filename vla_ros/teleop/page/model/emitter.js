// SPDX-License-Identifier: Apache-2.0
// Who says something, and who listens.

export class Emitter {
  #listeners = new Map();

  /** Call `listener` whenever `name` is said; returns what ends it. */
  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  emit(name, value) {
    for (const listener of this.#listeners.get(name) ?? []) listener(value);
  }
}

// SPDX-License-Identifier: Apache-2.0
// Demonstrations on their way to the server: kept here until it has said yes, tried again with growing pauses.

import { Emitter } from "../model/emitter.js";

const PAUSES_S = [1, 2, 4, 8, 15, 30];
const PATIENCE_S = 30; // for an answer, and the time that 100 kB/s would need
const SLOWEST = 1e5; // bytes a second
const KEEPS = [401, 403, 408, 429]; // it is not the demonstration's fault: try again

/** Says "change", "kept" with the server's {name, warning}, and "problem" with a line for the operator. */
export class Outbox extends Emitter {
  parcels = []; // {id, instruction, seconds, pictures, …, state: waiting | sending | refused, reason}
  #failures = 0;
  #next = 0;
  #busy = false;

  constructor() {
    super();
    window.addEventListener("online", () => this.hurry());
    setInterval(() => this.tick(), 250);
  }

  add(parcel) {
    this.parcels.push({ ...parcel, state: "waiting", reason: "" });
    this.emit("change");
    this.hurry();
  }

  /** Try a refused one again, or do not wait any longer. */
  again(id) {
    const parcel = this.parcels.find((one) => one.id === id);
    if (parcel?.state === "refused") parcel.state = "waiting";
    this.hurry();
  }

  /** Give a demonstration up. */
  drop(id) {
    this.parcels = this.parcels.filter((one) => one.id !== id || one.state === "sending");
    this.emit("change");
  }

  hurry() {
    this.#next = 0;
    this.tick();
  }

  /** Send the next one when it is time: called by a timer and, where those stand still, by the headset's frames. */
  tick() {
    const parcel = this.parcels.find((one) => one.state === "waiting");
    if (this.#busy || !parcel || performance.now() < this.#next) return;
    this.#send(parcel);
  }

  async #send(parcel) {
    this.#busy = true;
    parcel.state = "sending";
    this.emit("change");
    const patience = 1000 * (PATIENCE_S + parcel.bytes / SLOWEST);
    try {
      const answer = await fetch("/demonstrations", { method: "POST", body: parcel.form, signal: AbortSignal.timeout(patience) });
      const said = await answer.json().catch(() => ({}));
      if (answer.ok) this.#kept(parcel, said);
      else if (answer.status >= 500 || KEEPS.includes(answer.status)) this.#wait(parcel, reason(answer.status, said));
      else this.#refused(parcel, said.error ?? `the server answers ${answer.status}`);
    } catch {
      this.#wait(parcel, "The server is not reached.");
    }
    this.#busy = false;
    this.emit("change");
    this.tick();
  }

  #kept(parcel, said) {
    this.#failures = 0;
    this.parcels = this.parcels.filter((one) => one !== parcel);
    this.emit("kept", said);
  }

  #wait(parcel, why) {
    const pause = PAUSES_S[Math.min(this.#failures++, PAUSES_S.length - 1)];
    this.#next = performance.now() + 1000 * pause;
    if (parcel.reason !== why) this.emit("problem", `${why} The demonstration is kept here and sent again.`);
    Object.assign(parcel, { state: "waiting", reason: why });
  }

  #refused(parcel, why) {
    Object.assign(parcel, { state: "refused", reason: why });
    this.emit("problem", `The server does not take it: ${why}`);
  }
}

function reason(status, { error }) {
  if (status === 401) return "The link is no longer valid: open the new one in another tab.";
  if (status === 507) return "The server's disk is full: make room there.";
  return `The server cannot keep it: ${error ?? status}.`;
}

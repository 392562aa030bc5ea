// SPDX-License-Identifier: Apache-2.0
// The e-stop: pressed by anybody at any time, latched until the driver releases it.

import { note } from "./notes.js";
import { byId, setAttribute, setText } from "./dom.js";

const REPEAT_MS = 400; // press again until the robot has answered and says that it has stopped

export class EStop {
  #wanted = false;
  #heard = false; // whether the robot has answered the last press: only then its state can speak of it
  #presses = 0;
  #timer = 0;

  constructor(session) {
    this.session = session;
    this.button = byId("estop");
    this.button.addEventListener("pointerdown", (event) => event.button === 0 && this.press());
    this.button.addEventListener("click", () => this.press());
    session.on("change", (name) => name === "state" && this.#confirm());
    session.watch(["state", "phase", "seat"], () => this.#draw());
    session.on("change", (name) => name === "welcome" && this.#wanted && this.#send());
  }

  /** Stop. Without a connection it is sent as soon as there is one, and the operator is told. */
  press() {
    this.#wanted = true; // also when it seems latched already: what is shown may be old, without a connection very old
    this.#heard = false;
    this.#presses += 1;
    if (!this.session.connected) {
      note("error", "Not connected: the robot has not heard the e-stop. Use the one at the robot. It is sent once the connection is back.");
    }
    this.#send();
    this.#draw();
  }

  /** Let the arm be enabled again; it does not move by this. */
  async release() {
    this.#wanted = false;
    try {
      await this.session.connection.command("estop", { on: false });
    } catch (error) {
      note("error", error.message);
    }
  }

  #send() {
    clearTimeout(this.#timer);
    if (!this.#wanted || !this.session.connected) return;
    const press = this.#presses;
    this.session.connection
      .command("estop", { on: true })
      .then(() => (this.#heard ||= press === this.#presses))
      .catch((error) => note("error", `E-stop: ${error.message}`));
    this.#timer = setTimeout(() => this.#send(), REPEAT_MS);
  }

  /** Press no more once a state says so that came after the robot's answer; an older one may be of another's e-stop. */
  #confirm() {
    if (!this.#wanted || !this.#heard || !this.session.stopped) return;
    this.#wanted = false;
    clearTimeout(this.#timer);
  }

  #draw() {
    const { stopped, connected } = this.session;
    const unsent = this.#wanted && !connected;
    const state = stopped && !unsent ? "latched" : this.#wanted ? "sending" : "ready";
    setAttribute(this.button, "data-state", state);
    setAttribute(this.button, "aria-pressed", stopped);
    setText(byId("estop-word"), stopped ? "STOPPED" : "E-STOP");
    const hint = byId("estop-hint");
    const words = { latched: "latched", sending: connected ? "sending…" : "not sent yet" };
    if (words[state]) setText(hint, words[state]);
    else if (!hint.querySelector("kbd")) hint.innerHTML = "<kbd>Esc</kbd> or <kbd>Space</kbd>";
    setAttribute(document.body, "data-stopped", stopped);
  }
}

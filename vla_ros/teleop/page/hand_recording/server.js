// SPDX-License-Identifier: Apache-2.0
// What the server has: the list of demonstrations, trash, whether it is reached.

import { Emitter } from "../model/emitter.js";

const POLL_MS = 5000;
const PATIENCE_MS = 8000;
const NOT_REACHED = "The server is not reached. What you record is kept on this page until it is back: leave the page open.";
const LOCKED_OUT = "This link is no longer valid. Open the new one that the terminal shows, in another tab: demonstrations on this page are then sent.";

/** Says "change"; `reached` is null before the first answer, `problem` why it is false. */
export class Server extends Emitter {
  demonstrations = [];
  trash = 0;
  undo = "";
  begin = null;
  reached = null;
  problem = "";

  constructor() {
    super();
    setInterval(() => document.hidden || this.poll(), POLL_MS);
    for (const name of ["online", "offline"]) window.addEventListener(name, () => this.poll());
  }

  get count() {
    return this.demonstrations.length;
  }

  /** Read the list anew. */
  async poll() {
    try {
      const answer = await fetch("/demonstrations", { signal: AbortSignal.timeout(PATIENCE_MS) });
      if (answer.ok) Object.assign(this, await answer.json(), { reached: true, problem: "" });
      else Object.assign(this, { reached: false, problem: answer.status === 401 ? LOCKED_OUT : `The server answers ${answer.status}.` });
    } catch {
      Object.assign(this, { reached: false, problem: NOT_REACHED });
    }
    this.emit("change");
  }

  throwAway(name) {
    return this.#ask(`/demonstrations/${name}/trash`);
  }

  bringBack() {
    return this.#ask("/demonstrations/undo");
  }

  /** Ask for something; returns what is wrong, "" when it was done. */
  async #ask(path) {
    let problem = "";
    try {
      const answer = await fetch(path, { method: "POST", signal: AbortSignal.timeout(PATIENCE_MS) });
      if (!answer.ok) problem = (await answer.json().catch(() => ({}))).error ?? `the server answers ${answer.status}`;
    } catch {
      problem = "the server is not reached";
    }
    await this.poll();
    return problem;
  }
}

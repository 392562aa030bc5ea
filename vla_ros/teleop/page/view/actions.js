// SPDX-License-Identifier: Apache-2.0
// Commands as the operator gives them: a button that waits, a refusal in plain words.

import { note } from "./notes.js";

export class Actions {
  constructor(session) {
    this.session = session;
  }

  /** Send a command; a refusal becomes a note. Resolves to whether it was carried out. */
  async run(command, args = {}, button = null) {
    const { obstacle, connection } = this.session;
    if (obstacle && command !== "estop" && command !== "drive") {
      note("warning", obstacle);
      return false;
    }
    const { startObstacle } = this.session;
    if (startObstacle && command === "episode_start") {
      note("warning", startObstacle);
      return false;
    }
    if (button) button.dataset.busy = "true";
    try {
      await connection.command(command, args);
      return true;
    } catch (error) {
      note("error", error.message);
      return false;
    } finally {
      if (button) delete button.dataset.busy;
    }
  }

  /** Let a button give a command; `args` may be a function of the moment. */
  bind(button, command, args = {}) {
    button.addEventListener("click", () => {
      if (button.dataset.busy) return;
      this.run(command, typeof args === "function" ? args() : args, button);
    });
  }
}

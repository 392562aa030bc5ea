// SPDX-License-Identifier: Apache-2.0
// What the page knows: the newest of each message, and what the operator may do now.

import { Emitter } from "./emitter.js";
import { situation } from "./situation.js";

const BEFORE_START = {
  unheard: "No word from the robot yet.",
  stopped: "Release the e-stop and enable the arm first.",
  held: "Enable the arm again first.",
  home: "Wait until the arm is home, then enable it.",
};

/** Says "change" with the name of what is new: welcome, seat, state, collection, phase, trip. */
export class Session extends Emitter {
  welcome = null;
  seat = { yours: false, driver: "", watchers: 0 };
  state = null;
  collection = null;

  constructor(connection) {
    super();
    this.connection = connection;
    for (const name of ["welcome", "seat", "state", "collection"]) {
      connection.on(name, (message) => {
        this[name] = message;
        if (name === "welcome") this.collection = message.collection;
        this.emit("change", name);
        if (name === "welcome") this.emit("change", "collection");
      });
    }
    // Who watched comes back as a watcher: a bridge that starts anew must not seat whoever is quickest.
    connection.on("seat", ({ yours }) => (connection.seat = yours ? "drive" : "watch"));
    for (const name of ["phase", "trip"]) connection.on(name, () => this.emit("change", name));
  }

  /** Call `draw` now and whenever one of `names` is new. */
  watch(names, draw) {
    this.on("change", (name) => names.includes(name) && draw());
    draw();
  }

  get connected() {
    return this.connection.connected;
  }

  get driving() {
    return this.connected && this.seat.yours;
  }

  get stopped() {
    return Boolean(this.state?.estop);
  }

  get arms() {
    return this.welcome?.robot.arms ?? [];
  }

  /** What is true of the robot now, as situation.js says. */
  get situation() {
    const { connection, seat, state } = this;
    const retry = Math.max(0, Math.ceil((connection.retryAt - performance.now()) / 1000));
    return situation({ phase: connection.phase, reason: connection.reason, retry, seat, state });
  }

  /** Why nothing can be commanded now, in plain words; "" when it can. */
  get obstacle() {
    if (!this.connected) return "Not connected to the robot.";
    if (!this.seat.yours) return this.seat.driver ? `${this.seat.driver} drives, you watch.` : "You watch. Take the seat to drive.";
    return "";
  }

  /** Why no episode can be started now; "" when one can. */
  get startObstacle() {
    if (this.obstacle || !this.collection || this.collection.recording) return this.obstacle;
    const { name, follows } = this.situation;
    return follows ? "" : (BEFORE_START[name] ?? "Enable the arm first.");
  }
}

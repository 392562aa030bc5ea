// SPDX-License-Identifier: Apache-2.0
// What the page knows: the newest of each message, and what the operator may do now.

import { Emitter } from "./emitter.js";

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

  /** Why nothing can be commanded now, in plain words; "" when it can. */
  get obstacle() {
    if (!this.connected) return "Not connected to the robot.";
    if (!this.seat.yours) return this.seat.driver ? `${this.seat.driver} drives, you watch.` : "You watch. Take the seat to drive.";
    return "";
  }
}

// SPDX-License-Identifier: Apache-2.0
// When a demonstration begins and ends, and what is wrong when it cannot.

import { Emitter } from "../model/emitter.js";
import { Film } from "./film.js";
import { Demonstration } from "./demonstration.js";

const LONGEST_S = 120;
const SHORTEST_S = 1;
const STILL_MS = 1000;
const LARGEST_MB = 500; // the server takes 600

/** Says "change" when a demonstration begins or ends and "note" [level, text]; `worn` is set while a headset is on. */
export class Recorder extends Emitter {
  demonstration = null;
  settling = 0; // demonstrations that wait for their last pictures
  worn = false;
  seen = false; // the hand that counts, now
  instruction = "";
  hand = "right";
  #film = new Film();

  constructor(camera, outbox) {
    super();
    Object.assign(this, { camera, outbox });
    camera.on("ended", () => this.stop("The camera has stopped."));
  }

  get recording() {
    return this.demonstration !== null;
  }

  /** What keeps a demonstration from beginning, in plain words; "" when nothing does. */
  get obstacle() {
    if (this.camera.problem) return this.camera.problem;
    if (!this.instruction) return "Say first what you will do: the instruction is empty.";
    if (!this.worn) return "Put the headset on and enter VR or AR.";
    if (!this.seen) return `The ${this.hand} hand is not seen: hold it where the headset sees it.`;
    return "";
  }

  start() {
    if (this.recording) return;
    if (this.obstacle) return this.emit("note", ["warning", this.obstacle]);
    this.demonstration = new Demonstration(this.instruction, this.hand, performance.now());
    this.emit("change");
  }

  /** Take in one frame of the headset: hands and head seen from where the person stood. */
  frame(now, hands, head) {
    this.seen = Boolean(hands[this.hand]);
    this.#film.tick(now);
    const { demonstration } = this;
    if (!demonstration) return;
    demonstration.addHands(now, hands);
    if (this.camera.live && head) this.#film.offer(this.camera.video, demonstration, now, head);
    if (now - demonstration.pictureAt > STILL_MS && !demonstration.still) {
      demonstration.still = true;
      this.emit("note", ["warning", "The camera's picture stands still: the demonstration will have a hole."]);
    }
    if (now - demonstration.began >= LONGEST_S * 1000) this.stop(`A demonstration ends after ${LONGEST_S} s.`);
    else if (demonstration.bytes >= LARGEST_MB * 1e6) this.stop(`A demonstration ends at ${LARGEST_MB} MB.`);
  }

  /** End a demonstration and send it; `why` where nobody requested that. */
  async stop(why = "") {
    const { demonstration } = this;
    if (!demonstration) return;
    this.demonstration = null;
    this.settling++;
    this.emit("change");
    await this.#film.settled(demonstration);
    this.settling--;
    const empty = demonstration.poses < 2 ? `the ${demonstration.hand} hand was not seen` : !demonstration.pictures ? "no picture came" : "";
    if (demonstration.seconds < SHORTEST_S || empty) {
      const short = empty || `it lasted ${demonstration.seconds.toFixed(1)} s, less than ${SHORTEST_S} s`;
      return this.emit("note", ["warning", `${why} Nothing is kept: ${short}.`.trim()]);
    }
    if (why) this.emit("note", ["warning", `${why} What was recorded is kept.`]);
    this.outbox.add(demonstration.pack());
  }

  /** Throw away what is being recorded. */
  discard() {
    if (!this.recording) return;
    this.demonstration = null;
    this.emit("change");
    this.emit("note", ["info", "Thrown away."]);
  }

  toggle() {
    if (this.recording) this.stop();
    else this.start();
  }
}

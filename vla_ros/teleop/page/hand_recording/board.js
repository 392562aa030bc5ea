// SPDX-License-Identifier: Apache-2.0
// The board in the headset: what is to be done, whether it is being recorded, hand, demonstrations so far.

import { clockText } from "../view/dom.js";
import { PANEL } from "../xr/panel.js";

const TONES = { good: "#6fd08c", amber: "#f0b95a", red: "#ff8a80" };
const TEXT = "#e4eaee";
const QUIET = "#a3b0ba";
const FONT = '"Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

export class Board {
  canvas = document.createElement("canvas");
  #drawn = "";

  constructor() {
    Object.assign(this.canvas, PANEL);
    this.context = this.canvas.getContext("2d");
  }

  /** Draw `status` {tone, words, recording, instruction, hand, closed, count, waiting, hint, note} where it is new. */
  draw(status) {
    const key = JSON.stringify(status);
    if (key === this.#drawn) return false;
    this.#drawn = key;
    const { context: c } = this;
    const { width, height } = PANEL;
    c.fillStyle = "#10161b";
    c.fillRect(0, 0, width, height);
    c.fillStyle = TONES[status.tone];
    c.fillRect(0, 0, 14, height);
    this.#text(status.words, 44, 72, 46, status.recording ? TONES.red : TEXT, 650);
    this.#text(status.instruction || "No instruction", 44, 140, 38, "#4fd1c0");
    this.#text(status.hand, 44, 208, 32, status.closed === null ? TONES.amber : TEXT);
    if (status.closed !== null) this.#bar(status.closed, 620, 184);
    this.#text(`${status.count} kept${status.waiting ? `, ${status.waiting} not sent yet` : ""}`, 44, 266, 30, status.waiting ? TONES.amber : QUIET);
    this.#text(status.note, 44, height - 84, 32, TEXT);
    this.#text(status.hint, 44, height - 32, 28, QUIET);
    return true;
  }

  #text(words, x, y, size, colour, weight = 450) {
    const { context: c } = this;
    c.font = `${weight} ${size}px ${FONT}`;
    c.fillStyle = colour;
    c.fillText(words, x, y, PANEL.width - x - 32);
  }

  #bar(share, x, y) {
    const { context: c } = this;
    c.fillStyle = "#29343d";
    c.fillRect(x, y, 372, 26);
    c.fillStyle = "#4fd1c0";
    c.fillRect(x, y, 372 * share, 26);
  }
}

/** What the board says now, as plain values. */
export function boardStatus(recorder, { hands, bare, count, waiting, note }) {
  const { demonstration, hand, obstacle } = recorder;
  const own = hands[hand];
  const other = hand === "right" ? "left" : "right";
  const keys = demonstration ? "A or X: keep     B or Y: throw away" : "A or X: start     hold B or Y: forward is where you look";
  return {
    tone: demonstration ? "red" : obstacle ? "amber" : "good",
    words: demonstration ? `● REC ${clockText(Math.floor((performance.now() - demonstration.began) / 1000))}` : obstacle || "Ready",
    recording: Boolean(demonstration),
    instruction: recorder.instruction,
    hand: own ? `${hand} hand: seen` : `${hand} hand: not seen`,
    closed: own ? Math.round(own.gripper * 50) / 50 : null,
    hint: bare ? `Pinch with the ${other} hand for a second: ${demonstration ? "keep" : "start"}` : keys,
    count, waiting, note,
  };
}

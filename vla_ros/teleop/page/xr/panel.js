// SPDX-License-Identifier: Apache-2.0
// The board in the headset: state, task, episode, force; drawn again only when it says something new.

import { clockText } from "../view/dom.js";
import { suctionWords } from "../view/robot.js";

export const PANEL = { width: 1024, height: 448 };
const TONES = { good: "#6fd08c", amber: "#f0b95a", red: "#ff8a80", "": "#a3b0ba" };
const FULL_N = 30;
const FONT = '"Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';

/** What the board says now, as plain values. */
function content(session, status, squeezed) {
  const { state, collection, connection, seat } = session;
  let { tone, words } = session.situation;
  if (seat.driver && !seat.yours && tone === "good") [tone, words] = ["amber", `${words}: you watch`];
  const arms = session.arms.map(({ name, hand, gripper_max, tool }) => {
    const arm = state?.arms[name];
    const force = arm?.force ? Math.hypot(...arm.force) : null;
    const width = arm?.opening ?? arm?.gripper;
    const sucks = tool === "suction" && arm ? suctionWords(arm) : "";
    const opening = tool === "suction" ? (arm?.gripper ?? null) : typeof width === "number" && gripper_max ? width / gripper_max : null;
    return {
      name: session.arms.length > 1 ? hand : name,
      clutched: Boolean(arm?.clutched),
      tool,
      sucks,
      refused: squeezed ? (arm?.refused ?? "") : "",
      force: force === null ? null : Math.round(force * 2) / 2,
      opening: opening === null ? null : Math.round(opening * 50) / 50,
    };
  });
  const recording = collection?.recording ? `REC ${clockText(status.elapsed)}` : "";
  const task = collection?.prompt?.title || state?.instruction || "";
  const hint = collection?.recording ? "A success   B redo" : collection ? "A start   hold A: home" : "hold A: home";
  const trip = connection.trip === null ? "" : `${Math.round(connection.trip / 5) * 5} ms`;
  return { tone, words, arms, recording, task, hint, trip, note: status.note };
}

export class Panel {
  canvas = document.createElement("canvas");
  #drawn = "";

  constructor() {
    Object.assign(this.canvas, PANEL);
    this.context = this.canvas.getContext("2d");
  }

  /** Draw what is new; whether there was anything. */
  draw(session, status, squeezed) {
    const now = content(session, status, squeezed);
    const key = JSON.stringify(now);
    if (key === this.#drawn) return false;
    this.#drawn = key;
    const { context: c } = this;
    const { width, height } = PANEL;
    const text = (words, x, y, size, colour, bold = false, most = width - x - 32) => {
      c.font = `${bold ? 650 : 450} ${size}px ${FONT}`;
      c.fillStyle = colour;
      c.fillText(words, x, y, most);
    };
    c.fillStyle = "#10161b";
    c.fillRect(0, 0, width, height);
    c.fillStyle = TONES[now.tone];
    c.fillRect(0, 0, 14, height);
    text(now.words, 44, 70, 44, "#e4eaee", true, 760);
    c.textAlign = "right";
    text(now.trip, width - 32, 66, 30, "#a3b0ba", false, 160);
    c.textAlign = "left";
    text(now.task, 44, 132, 36, "#4fd1c0", false, 700);
    if (now.recording) text(`● ${now.recording}`, 780, 132, 36, "#ff8a80", true);
    now.arms.forEach((arm, i) => this.#drawArm(arm, 44 + i * 480, 178));
    const refused = now.arms.find((arm) => arm.refused)?.refused;
    text(refused || now.note, 44, height - 74, 32, refused ? TONES.amber : "#e4eaee");
    text(now.hint, 44, height - 26, 28, "#a3b0ba");
    return true;
  }

  #drawArm({ name, clutched, force, opening, tool, sucks }, x, y) {
    const { context: c } = this;
    c.font = `650 32px ${FONT}`;
    c.fillStyle = clutched ? "#4fd1c0" : "#a3b0ba";
    c.fillText(`${name}: ${clutched ? "follows you" : "free"}`, x, y + 24, 430);
    const bar = (label, share, words, colour, top) => {
      c.font = `450 26px ${FONT}`;
      c.fillStyle = "#a3b0ba";
      c.fillText(label, x, top + 20);
      c.fillStyle = "#29343d";
      c.fillRect(x + 110, top, 210, 24);
      c.fillStyle = colour;
      c.fillRect(x + 110, top, 210 * Math.min(1, Math.max(0, share ?? 0)), 24);
      c.fillStyle = "#e4eaee";
      c.fillText(words, x + 334, top + 21, 110);
    };
    const colour = force > 22 ? TONES.red : force > 12 ? TONES.amber : "#4fd1c0";
    bar("Force", (force ?? 0) / FULL_N, force === null ? "–" : `${force.toFixed(1)} N`, colour, y + 50);
    const words = opening === null ? "–" : sucks || `${Math.round(opening * 100)} %`;
    bar(tool === "suction" ? "Suction" : "Open", opening, words, "#4fd1c0", y + 88);
  }
}

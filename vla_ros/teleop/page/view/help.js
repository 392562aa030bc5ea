// SPDX-License-Identifier: Apache-2.0
// What keys, pad, gamepad and headset do.

import { make } from "./dom.js";
import { openSheet } from "./overlay.js";

const PARTS = [
  ["Always", [["Esc, Space", "e-stop, with this sheet open too (Enter presses a focused button)"], ["?", "this sheet; closes any sheet"], ["C", "next camera large"]]],
  ["Who moves the arm", [["T", "take it (teleop)"], ["H", "hold"], ["P", "give it to the policy"], ["O", "enable, disable"]]],
  [
    "Move the hand: hold a key",
    [
      ["W S A D", "forward, back, left, right"],
      ["R F", "up, down"],
      ["Q E", "twist"],
      ["I K J L", "tilt, roll"],
      ["G", "close, open the gripper; suction on, off"],
      ["1 2", "right, left hand"],
      ["Shift", "a quarter of the pace"],
      ["Arrows, Page ↑↓", "base and lift, where there are any"],
      [", . Home End", "head: left, right, up, down, where there is one"],
    ],
  ],
  ["Episodes", [["N", "start"], ["Y", "stop: success"], ["U", "stop: failure"], ["Backspace", "redo: throw away, begin again"], ["Z", "undo"]]],
  [
    "Gamepad",
    [
      ["RB held", "clutch; let go and the arm holds"],
      ["Sticks", "left: over the table; right: up, twist"],
      ["LB held too", "sticks tilt, roll, twist"],
      ["RT", "gripper, suction"],
      ["LT held", "left stick drives the base, right turns it and lifts, D-pad turns the head"],
      ["X, A, B", "start, success, redo"],
      ["D-pad ← →", "left, right hand"],
      ["Back", "e-stop"],
    ],
  ],
  [
    "Headset",
    [
      ["Squeeze held", "clutch; takes the arm from a policy; let go and the arm holds"],
      ["Trigger", "gripper, as far as pulled; suction on, off"],
      ["A or X", "start; while recording: success"],
      ["B or Y", "redo: throw away, begin again"],
      ["A or X held", "home"],
      ["B or Y held", "give back to the policy; without one: forward is where you look"],
      ["Stick pressed", "e-stop"],
      ["Sticks", "while squeezed: left drives the base, right turns it and lifts"],
    ],
  ],
];

export function openHelp() {
  const parts = PARTS.map(([title, keys]) => {
    const list = make("dl", {}, ...keys.flatMap(([key, text]) => [make("dt", { text: key }), make("dd", { text })]));
    return make("section", {}, make("h3", { text: title }), list);
  });
  openSheet("Keys, gamepad, headset", make("div", { class: "help" }, ...parts));
}

// SPDX-License-Identifier: Apache-2.0
// The card to drive with: pads, pictures of keys, sliders, enable, home.

import { byId, make, setAttribute, setDisabled, setHidden, setText } from "./dom.js";

const SOURCES = { keys: "keys", pointer: "pad", gamepad: "gamepad", xr: "headset" };
const BASE_KEYS = { base: ["←", "↑", "↓", "→"], lift: ["Page ↑", "↓"], head: [",", ".", "Home", "End"] };
const SUCTION = ["Suction on", "Suction off"];
const SEND_MS = 120; // a slider that is dragged says something this often

export function showDrive(session, drive, keyboard, actions) {
  connectKeys(keyboard);
  connectSliders(session, drive, actions);
  const [enable, gripper] = [byId("enable"), byId("gripper")];
  enable.addEventListener("click", () => actions.run(session.state?.enabled ? "disable" : "enable", {}, enable));
  actions.bind(byId("home"), "home");
  gripper.addEventListener("click", () => toggleGripper(drive));
  const sides = [...document.querySelectorAll("[data-side]")];
  for (const button of sides) button.addEventListener("click", () => drive.select(button.dataset.side));
  byId("tilt").addEventListener("click", () => {
    const tilt = byId("tilt").getAttribute("aria-pressed") !== "true";
    setAttribute(byId("tilt"), "aria-pressed", tilt);
    setText(byId("pad-word"), tilt ? "drag to tilt" : "drag to move");
  });

  const draw = () => {
    const { state, driving, stopped } = session;
    setAttribute(document.querySelector(".drive"), "data-locked", !driving || stopped);
    setText(enable.firstElementChild, state?.enabled ? "Disable" : "Enable");
    setAttribute(enable, "aria-pressed", Boolean(state?.enabled));
    setDisabled(enable, !driving || stopped);
    setDisabled(byId("home"), !driving || stopped);
    setDisabled(gripper, !driving || stopped);
    const closed = drive.hand.gripperTarget > 0.5;
    const [close, open] = toolWords(session, drive);
    setText(gripper, closed ? open : close);
    setText(byId("tool-word"), close === SUCTION[0] ? "suction" : "gripper");
    setAttribute(gripper, "aria-pressed", closed);
    setHidden(byId("sides"), drive.sides.length < 2);
    for (const button of sides) setAttribute(button, "aria-pressed", button.dataset.side === drive.selected);
    const engaged = driving && drive.engaged;
    const followed = session.situation.follows;
    setText(byId("engaged"), !engaged ? "Free" : followed ? `Engaged by ${SOURCES[drive.source]}` : "Not followed");
    setAttribute(byId("engaged"), "class", `chip ${!engaged ? "" : followed ? "on" : "amber"}`);
    for (const key of document.querySelectorAll(".key")) key.classList.toggle("down", keyboard.holds(key.dataset.code));
  };
  session.watch(["state", "seat", "phase", "welcome"], draw);
  session.watch(["welcome"], () => showBaseKeys(session));
  window.addEventListener("keydown", draw);
  window.addEventListener("keyup", draw);
}

export function toggleGripper(drive) {
  drive.grip(drive.hand.gripperTarget > 0.5 ? 0 : 1, "keys");
}

/** The pictures of keys can be pressed with mouse or finger. */
function connectKeys(keyboard) {
  for (const key of document.querySelectorAll(".key")) {
    key.addEventListener("pointerdown", (event) => {
      key.setPointerCapture(event.pointerId);
      keyboard.press(key.dataset.code, true);
    });
    for (const name of ["pointerup", "pointercancel"]) key.addEventListener(name, () => keyboard.press(key.dataset.code, false));
  }
}

function connectSliders(session, drive, actions) {
  const [speed, scale, pace] = [byId("speed"), byId("scale"), byId("pace")];
  const dragged = new Map(); // slider → until when it is the operator's, not the robot's
  const send = (slider, command, args) => {
    let timer = 0;
    slider.addEventListener("input", () => {
      dragged.set(slider, performance.now() + 1000);
      label();
      timer ||= setTimeout(() => {
        timer = 0;
        actions.run(command, args());
      }, SEND_MS);
    });
  };
  const label = () => {
    setText(byId("speed-out"), `${speed.value} %`);
    setText(byId("scale-out"), `× ${Number(scale.value).toFixed(1)}`);
    setText(byId("pace-out"), `${pace.value} cm/s`);
  };
  send(speed, "speed", () => ({ scale: speed.value / 100 }));
  send(scale, "scale", () => ({ scale: Number(scale.value) }));
  pace.addEventListener("input", () => {
    drive.pace = pace.value / 100;
    label();
  });
  session.watch(["state", "seat", "phase"], () => {
    const { state, driving } = session;
    for (const [slider, value] of [[speed, state && Math.round(state.speed * 100)], [scale, state?.scale]]) {
      setDisabled(slider, !driving);
      if (value === undefined || value === null || performance.now() < (dragged.get(slider) ?? 0)) continue;
      if (Number(slider.value) !== value) slider.value = value;
    }
    label();
  });
}

/** What closing and opening the chosen hand's tool is called. */
function toolWords(session, drive) {
  const arm = session.arms.find(({ hand }) => hand === drive.selected);
  return arm?.tool === "suction" ? SUCTION : ["Close gripper", "Open gripper"];
}

/** Show which keys move what is no arm; nothing for a robot that is arms alone. */
function showBaseKeys({ welcome }) {
  const robot = welcome?.robot ?? {};
  const shown = Object.entries(BASE_KEYS).filter(([part]) => robot[part]);
  const words = shown.map(([part, keys]) => make("span", {}, ...keys.map((key) => make("kbd", { text: key })), ` ${part}`));
  byId("base-keys").replaceChildren(...words);
  setHidden(byId("base-keys"), !words.length);
}

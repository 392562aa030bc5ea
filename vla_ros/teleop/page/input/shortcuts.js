// SPDX-License-Identifier: Apache-2.0
// Keys and gamepad buttons that give commands.

import { toggleGripper } from "../view/drive.js";
import { openHelp } from "../view/help.js";
import { closeSheet, sheetIsOpen } from "../view/overlay.js";
import { isTyping } from "./keyboard.js";

/** Connect them; returns {gamepad(button)}, and calls `camera()` of the same object when it is set. */
export function connectShortcuts({ session, drive, actions, estop }) {
  const run = (command, args) => () => actions.run(command, args);
  const recording = () => Boolean(session.collection?.recording);
  const shortcuts = {
    camera: () => {},
    gamepad: (button) => BUTTONS[button]?.(),
  };
  const BUTTONS = {
    A: () => recording() && actions.run("episode_stop", { success: true }),
    B: () => recording() && actions.run("episode_redo"),
    X: () => !recording() && actions.run("episode_start"),
    BACK: () => estop.press(),
    LEFT: () => drive.select("left"),
    RIGHT: () => drive.select("right"),
  };
  const KEYS = {
    KeyT: run("take"),
    KeyH: run("hold"),
    KeyP: run("give"),
    KeyO: () => actions.run(session.state?.enabled ? "disable" : "enable"),
    KeyG: () => toggleGripper(drive),
    KeyN: run("episode_start"),
    KeyY: run("episode_stop", { success: true }),
    KeyU: run("episode_stop", { success: false }),
    KeyZ: run("undo"),
    Backspace: run("episode_redo"),
    KeyC: () => shortcuts.camera(),
    Digit1: () => drive.select("right"),
    Digit2: () => drive.select("left"),
  };
  window.addEventListener(
    "keydown",
    (event) => {
      // Esc always; Space unless somebody types: it would press a focused button, so it is taken from the page.
      if (event.key === "Escape" || (event.code === "Space" && !isTyping(event.target))) {
        event.preventDefault();
        event.stopImmediatePropagation();
        if (event.repeat) return;
        if (event.key === "Escape") closeSheet();
        estop.press();
        return;
      }
      if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event.target)) return;
      if (event.key === "?") (sheetIsOpen() ? closeSheet : openHelp)();
      else if (!sheetIsOpen()) KEYS[event.code]?.();
    },
    { capture: true },
  );
  return shortcuts;
}

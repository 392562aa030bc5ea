// SPDX-License-Identifier: Apache-2.0
// Whether this browser has a headset, in plain words, and the way in.

import { byId, setDisabled, setHidden, setText } from "../view/dom.js";
import { note } from "../view/notes.js";

const MODES = { vr: "immersive-vr", ar: "immersive-ar" };
const READY = "Headset ready. A or X begins and ends a demonstration; the trigger, or thumb and index finger, close the hand.";

function why() {
  if (!window.isSecureContext) return `A headset needs https: start with --host all and open the https link on it.`;
  return "This browser has no WebXR. Open this page in the headset's own browser: scan the code in the terminal.";
}

export async function showEntrance(headset, recorder) {
  const text = byId("headset-text");
  const draw = async () => {
    const supported = [];
    for (const [name, mode] of Object.entries(MODES)) {
      const there = await navigator.xr?.isSessionSupported(mode).catch(() => false);
      setHidden(byId(`enter-${name}`), !there);
      if (there) supported.push(name);
    }
    if (recorder.worn) return;
    if (!navigator.xr || !window.isSecureContext) setText(text, why());
    else setText(text, supported.length ? READY : "No headset on this device. Open this page in the headset's own browser: scan the code in the terminal.");
  };
  for (const [name, mode] of Object.entries(MODES)) {
    byId(`enter-${name}`).addEventListener("click", async () => {
      try {
        await headset.enter(mode, () => {
          for (const other of Object.keys(MODES)) setDisabled(byId(`enter-${other}`), false);
          draw();
          recorder.emit("change");
        });
        for (const other of Object.keys(MODES)) setDisabled(byId(`enter-${other}`), true);
        setText(text, "In the headset. Press its menu button to come back.");
        recorder.emit("change");
      } catch (error) {
        note("error", `The headset cannot be entered: ${error.message}`);
      }
    });
  }
  navigator.xr?.addEventListener?.("devicechange", draw);
  await draw();
}

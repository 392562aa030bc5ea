// SPDX-License-Identifier: Apache-2.0
// Whether this browser has a headset, in plain words, and the way in.

import { byId, setHidden, setText } from "../view/dom.js";
import { note } from "../view/notes.js";
import { Headset } from "./headset.js";

const MODES = { vr: "immersive-vr", ar: "immersive-ar" };
const READY = "Headset ready. Squeeze is the clutch, the trigger closes the gripper.";

/** Say why there is no headset here. */
function why() {
  if (!window.isSecureContext) return `A headset needs https: open https://${location.host} on it. Keys, pad and gamepad work here.`;
  return "This browser has no WebXR, so no headset. Drive with keys (press ?), pad or gamepad.";
}

export async function showHeadset(parts) {
  const text = byId("headset-text");
  const headset = new Headset(parts);
  const draw = async () => {
    const supported = [];
    for (const [name, mode] of Object.entries(MODES)) {
      const there = await navigator.xr?.isSessionSupported(mode).catch(() => false);
      setHidden(byId(`enter-${name}`), !there);
      if (there) supported.push(name);
    }
    if (!navigator.xr) setText(text, why());
    else setText(text, supported.length ? READY : "No headset on this device. Drive with keys (press ?), pad or gamepad.");
  };
  for (const [name, mode] of Object.entries(MODES)) {
    byId(`enter-${name}`).addEventListener("click", async () => {
      try {
        await headset.enter(mode, draw);
        setText(text, "In the headset. Take it off, or press its menu button, to come back.");
      } catch (error) {
        note("error", `The headset cannot be entered: ${error.message}`);
      }
    });
  }
  navigator.xr?.addEventListener?.("devicechange", draw);
  await draw();
}

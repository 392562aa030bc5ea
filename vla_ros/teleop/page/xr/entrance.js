// SPDX-License-Identifier: Apache-2.0
// Whether this browser has a headset, in plain words, and the way in.

import { byId, setHidden, setText } from "../view/dom.js";

const MODES = { vr: "immersive-vr", ar: "immersive-ar" };

/** Say why there is no headset here. */
function why() {
  if (!window.isSecureContext) return `Headsets need https: open https://${location.host} on the headset. Keys, pad and gamepad work here.`;
  return "This browser has no WebXR, so no headset. Drive with keys, pad or gamepad; press ? for the keys.";
}

export async function showHeadset(parts) {
  const text = byId("headset-text");
  const supported = {};
  for (const [name, mode] of Object.entries(MODES)) {
    try {
      supported[name] = Boolean(await navigator.xr?.isSessionSupported(mode));
    } catch {
      supported[name] = false;
    }
    setHidden(byId(`enter-${name}`), !supported[name]);
  }
  if (!navigator.xr) setText(text, why());
  else if (!supported.vr && !supported.ar) setText(text, "This browser knows WebXR but has no headset. Drive with keys, pad or gamepad.");
  else setText(text, "Headset ready. Squeeze is the clutch, the trigger closes the gripper.");
}

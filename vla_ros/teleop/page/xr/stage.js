// SPDX-License-Identifier: Apache-2.0
// What every stay in a headset begins with: something to draw on, and where forward is.

import { heading } from "../model/quaternion.js";
import { Painter } from "./painter.js";

/** Give a session a layer of its own and return what paints on it. */
export async function openStage(xr) {
  const gl = document.createElement("canvas").getContext("webgl", { xrCompatible: true, alpha: true, antialias: true });
  if (!gl) throw new Error("this browser has no WebGL");
  await gl.makeXRCompatible?.();
  xr.updateRenderState({ baseLayer: new XRWebGLLayer(xr, gl) });
  return new Painter(gl);
}

/** Begin a frame: what is behind everything. */
export function clear({ gl }, layer, passthrough) {
  gl.bindFramebuffer(gl.FRAMEBUFFER, layer.framebuffer);
  gl.clearColor(0.03, 0.045, 0.055, passthrough ? 0 : 1);
  gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
}

/** Return a transform as plain {p, q}. */
export function plainPose({ position: p, orientation: q }) {
  return { p: [p.x, p.y, p.z], q: [q.x, q.y, q.z, q.w] };
}

/** Return where somebody stands and looks: on the floor, its −z the direction of his eyes. */
export function standing({ p, q }) {
  const turn = heading(q) / 2;
  return { p: [p[0], 0, p[2]], q: [0, Math.sin(turn), 0, Math.cos(turn)] };
}

/** Return the height of the eyes [m] that pictures and board hang at. */
export const eyeHeight = ({ p }) => Math.min(2, Math.max(0.6, p[1]));

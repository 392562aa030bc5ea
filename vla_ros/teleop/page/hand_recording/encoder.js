// SPDX-License-Identifier: Apache-2.0
// A worker: pictures to JPEG, at the camera's own size as far as that is not too large.

const WIDTH_MAX = 1280;
const HEIGHT_MAX = 960;
const QUALITY = 0.85;

self.onmessage = async ({ data: { number, bitmap } }) => {
  let blob = null;
  try {
    const scale = Math.min(1, WIDTH_MAX / bitmap.width, HEIGHT_MAX / bitmap.height);
    const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    blob = await canvas.convertToBlob({ type: "image/jpeg", quality: QUALITY });
  } catch {
    blob = null; // one picture less, which is counted
  }
  bitmap.close();
  self.postMessage({ number, blob });
};

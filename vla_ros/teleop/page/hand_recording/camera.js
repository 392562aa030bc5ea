// SPDX-License-Identifier: Apache-2.0
// The camera whose pictures are recorded: chosen, opened, watched.

import { Emitter } from "../model/emitter.js";

const REMEMBERED = "hand recording camera";
const WISH = { width: { ideal: 1280 }, height: { ideal: 960 }, frameRate: { ideal: 30 } };
const WHY = {
  NotAllowedError: "The camera was not allowed. Allow it for this page in the browser's site settings (in a headset: headset cameras), then turn it on again.",
  NotFoundError: "There is no camera here. Plug one in, or use a browser that gives pages the headset's own.",
  NotReadableError: "The camera does not start: another program may have it. Close that, then turn it on again.",
  OverconstrainedError: "That camera is gone. Choose another one.",
};

/** Says "change"; `problem` is what keeps it from being used, in plain words, "" when it shows pictures. */
export class Camera extends Emitter {
  list = []; // {id, name}
  problem = "The camera is off.";
  #stream = null;
  #asked = 0;

  constructor(video) {
    super();
    this.video = video;
    this.chosen = localStorage.getItem(REMEMBERED) ?? "";
    if (!navigator.mediaDevices) this.problem = "This browser gives no camera to a page that is not on https.";
    else navigator.mediaDevices.addEventListener?.("devicechange", () => this.#enumerate());
  }

  get live() {
    return this.problem === "" && this.video.videoWidth > 0;
  }

  get size() {
    return { width: this.video.videoWidth || 640, height: this.video.videoHeight || 480 };
  }

  /** Turn it on at once where the browser was asked before. */
  async begin() {
    await this.#enumerate();
    const state = await navigator.permissions?.query({ name: "camera" }).catch(() => null);
    if (state?.state === "granted") await this.open(this.chosen);
  }

  /** Turn a camera on; "" for whichever the browser takes. */
  async open(id) {
    if (!navigator.mediaDevices) return;
    const asked = ++this.#asked;
    this.#close();
    this.#say("The camera is being turned on…");
    try {
      const video = { ...WISH, ...(id ? { deviceId: { exact: id } } : {}) };
      const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (asked !== this.#asked) return stream.getTracks().forEach((track) => track.stop()); // another was chosen meanwhile
      await this.#show(stream);
    } catch (error) {
      if (asked !== this.#asked) return;
      if (id && error.name === "OverconstrainedError") return this.open("");
      this.#say(WHY[error.name] ?? `The camera cannot be used: ${error.message}`);
    }
    await this.#enumerate();
  }

  async #show(stream) {
    const [track] = stream.getVideoTracks();
    this.#stream = stream;
    this.chosen = track.getSettings().deviceId ?? "";
    localStorage.setItem(REMEMBERED, this.chosen);
    track.addEventListener("ended", () => {
      if (this.#stream !== stream) return;
      this.#close();
      this.#say("The camera has stopped: it was unplugged, or its permission was withdrawn. Turn it on again.");
      this.emit("ended");
    });
    this.video.srcObject = stream;
    await this.video.play();
    this.#say("");
  }

  #close() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.video.srcObject = null;
  }

  #say(problem) {
    this.problem = problem;
    this.emit("change");
  }

  async #enumerate() {
    const devices = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    const cameras = devices.filter((device) => device.kind === "videoinput" && device.deviceId);
    this.list = cameras.map(({ deviceId, label }, i) => ({ id: deviceId, name: label || `Camera ${i + 1}` }));
    this.emit("change");
  }
}

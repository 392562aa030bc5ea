// SPDX-License-Identifier: Apache-2.0
// Live pictures: the newest of each camera, its rate and its age; what was shown is acknowledged.

import { Emitter } from "../model/emitter.js";
import { ageText, byId, make, setAttribute, setHidden, setText } from "./dom.js";

const LATE_MS = 1000;

/** Says "picture" (camera index) when `images[index]`, an ImageBitmap, is new. */
export class Cameras extends Emitter {
  images = [];
  #views = [];
  #shownAt = [];
  #next = [];
  #decoding = [];
  #big = null;
  inHeadset = false;

  constructor(session) {
    super();
    this.session = session;
    session.watch(["welcome"], () => this.#build());
    session.connection.on("picture", (picture) => this.#take(picture));
    session.watch(["state", "phase"], () => this.#label());
    setInterval(() => this.#label(), 500);
    document.addEventListener("visibilitychange", () => this.#next.forEach((_, camera) => this.#decode(camera)));
  }

  get list() {
    return this.session.welcome?.cameras ?? [];
  }

  /** Show the next camera large, after the last all of them. */
  cycle() {
    if (this.list.length < 2) return;
    const next = this.#big === null ? 0 : this.#big + 1;
    this.#choose(next < this.list.length ? next : null);
  }

  #build() {
    const stage = byId("cameras");
    const { list } = this;
    const count = this.#views.length;
    if (count === list.length && count && this.#views.every((view, i) => view.name === list[i].name)) return;
    for (const image of this.images) image?.close();
    [this.images, this.#shownAt, this.#next, this.#decoding, this.#big] = [[], [], [], [], null];
    stage.removeAttribute("data-big");
    stage.dataset.count = list.length > 2 ? "many" : String(list.length);
    stage.style.setProperty("--others", Math.max(1, list.length - 1));
    this.#views = list.map(({ name, width, height }, camera) => {
      const canvas = make("canvas", { width, height, role: "img", "aria-label": `Camera ${name}` });
      const rate = make("span", { class: "rate" });
      const missing = make("span", { class: "missing", text: "Waiting for the first picture" });
      const view = make("button", { type: "button", class: "camera", data: { late: "true", camera } }, canvas, missing, make("span", { class: "name", text: name }), rate);
      view.addEventListener("click", () => this.#choose(this.#big === camera ? null : camera));
      const context = canvas.getContext("2d", { alpha: false });
      return { name, view, canvas, context, rate, missing };
    });
    const none = make("div", { class: "no-camera", text: "This robot has no camera" });
    const nothing = this.session.welcome ? none : make("div", { class: "no-camera", text: "No picture yet" });
    stage.replaceChildren(...(list.length ? this.#views.map(({ view }) => view) : [nothing]));
  }

  #choose(camera) {
    this.#big = camera;
    const stage = byId("cameras");
    if (camera === null) stage.removeAttribute("data-big");
    else stage.dataset.big = camera;
    this.#views.forEach(({ view }, i) => (view.dataset.chosen = i === camera));
  }

  #take(picture) {
    if (!this.#views[picture.camera]) return;
    this.#next[picture.camera] = picture;
    this.#decode(picture.camera);
  }

  /** Decode the newest; who does not look acknowledges nothing, and is sent nothing more. */
  async #decode(camera) {
    const picture = this.#next[camera];
    if (!picture || this.#decoding[camera] || (document.hidden && !this.inHeadset)) return;
    this.#decoding[camera] = true;
    this.#next[camera] = null;
    try {
      const image = await createImageBitmap(new Blob([picture.jpeg], { type: "image/jpeg" }));
      this.#show(camera, image);
    } catch {
      // Not a picture: the next one may be.
    }
    this.#decoding[camera] = false;
    this.session.connection.send({ type: "seen", camera, stamp: picture.stamp });
    if (this.#next[camera]) this.#decode(camera);
  }

  #show(camera, image) {
    const view = this.#views[camera];
    if (!view) return;
    const { canvas, context } = view;
    if (canvas.width !== image.width || canvas.height !== image.height) [canvas.width, canvas.height] = [image.width, image.height];
    context.drawImage(image, 0, 0);
    this.images[camera]?.close();
    this.images[camera] = image;
    this.#shownAt[camera] = performance.now();
    this.emit("picture", camera);
  }

  /** How old what is shown is [ms]; null when there is nothing. */
  age(camera) {
    if (this.#shownAt[camera] === undefined) return null;
    const here = performance.now() - this.#shownAt[camera];
    const there = this.session.state?.cameras[camera]?.age_ms ?? 0;
    return Math.max(here, there);
  }

  #label() {
    const { connected, state } = this.session;
    this.#views.forEach(({ view, rate, missing }, camera) => {
      const age = this.age(camera);
      const late = age === null || age > LATE_MS || !connected;
      setAttribute(view, "data-late", late);
      setHidden(missing, !late);
      const words = !connected ? "Not connected: this is the last picture" : `No picture for ${ageText(age ?? 0)}`;
      setText(missing, age === null ? "Waiting for the first picture" : words);
      const hertz = state?.cameras[camera]?.rate;
      const parts = [typeof hertz === "number" && connected ? `${hertz.toFixed(1)} Hz` : "", age === null ? "" : ageText(age)];
      setText(rate, parts.filter(Boolean).join(" · "));
      setHidden(rate, !parts.some(Boolean));
    });
  }
}

// SPDX-License-Identifier: Apache-2.0
// One stay in a headset: hands and pictures at its frames, the board, the camera's picture in front.

import { seenFrom } from "../model/quaternion.js";
import { multiply, placed } from "../xr/matrix.js";
import { boardPlace, drawRoom, picturePlaces } from "../xr/room.js";
import { clear, eyeHeight, openStage, plainPose, standing } from "../xr/stage.js";
import { Board, boardStatus } from "./board.js";
import { Hands } from "./hands.js";

const NOTE_MS = 5000;
const BOARD_MS = 100;

export class Headset {
  #hands = new Hands();
  #board = new Board();
  #seen = {};
  #note = { text: "", until: 0 };
  #boardAt = -Infinity;
  #shown = -1;

  constructor({ recorder, camera, outbox, demonstrations }) {
    Object.assign(this, { recorder, camera, outbox, demonstrations });
  }

  /** Enter `mode`, immersive-vr or immersive-ar; `ended` is called when the headset is put off. */
  async enter(mode, ended) {
    const xr = await navigator.xr.requestSession(mode, {
      requiredFeatures: ["local-floor"],
      optionalFeatures: ["hand-tracking"],
    });
    try {
      this.painter = await openStage(xr);
      this.floor = await xr.requestReferenceSpace("local-floor");
    } catch (error) {
      await xr.end();
      throw error;
    }
    Object.assign(this, { xr, passthrough: mode === "immersive-ar", origin: null });
    this.floor.addEventListener("reset", () => this.#moved());
    xr.addEventListener("visibilitychange", () => xr.visibilityState === "hidden" && this.#taken());
    xr.addEventListener("end", () => {
      this.recorder.worn = this.recorder.seen = false;
      this.recorder.stop("The headset was left.");
      ended();
    });
    this.recorder.worn = true;
    xr.requestAnimationFrame((time, frame) => this.#frame(frame));
  }

  /** Show a line on the board for a while. */
  say(text) {
    this.#note = { text, until: performance.now() + NOTE_MS };
  }

  /** The headset made another place its origin: poses before and after would not fit together. */
  #moved() {
    this.origin = null;
    this.recorder.stop("The headset was recentred.");
  }

  #taken() {
    this.recorder.seen = false;
    this.recorder.stop("The headset was taken off.");
  }

  #frame(frame) {
    const { xr, recorder } = this;
    xr.requestAnimationFrame((time, next) => this.#frame(next));
    const now = performance.now();
    const viewer = frame.getViewerPose(this.floor);
    const head = viewer && plainPose(viewer.transform);
    if (!this.origin && head) this.#lookAhead(head);
    if (!this.origin) return;
    const { hands, events } = this.#hands.read(frame, this.floor, this.origin, xr.inputSources, recorder.hand, now);
    this.#seen = hands;
    const own = head && !viewer.emulatedPosition ? seenFrom(this.origin, head) : null;
    recorder.frame(now, hands, own && [...own.p, ...own.q].every(Number.isFinite) ? own : null);
    for (const event of events) this.#act(event);
    this.outbox.tick();
    this.#draw(viewer, now);
  }

  #lookAhead(head) {
    this.origin = standing(head);
    this.room = placed(this.origin.p, this.origin.q, [1, 1, 1]);
    this.eye = eyeHeight(head);
    this.board = boardPlace(this.eye);
  }

  #act(event) {
    const { recorder } = this;
    if (event === "toggle") recorder.toggle();
    else if (event === "discard") recorder.discard();
    else if (event === "ahead" && !recorder.recording) {
      this.origin = null;
      this.say("Forward is where you look now");
    }
  }

  #draw(viewer, now) {
    const layer = this.xr.renderState.baseLayer;
    const { gl } = this.painter;
    clear(this.painter, layer, this.passthrough);
    if (!viewer || !this.origin) return;
    this.#load(now);
    const live = !this.passthrough && this.camera.live;
    const places = live ? picturePlaces([this.camera.size], this.eye) : [];
    const { board, passthrough } = this;
    for (const view of viewer.views) {
      const { x, y, width, height } = layer.getViewport(view);
      gl.viewport(x, y, width, height);
      this.painter.setCamera(view.projectionMatrix, multiply(view.transform.inverse.matrix, this.room));
      drawRoom(this.painter, { places, shades: [1], board, marks: this.#seen, passthrough });
    }
  }

  /** Put a new picture of the camera and a new board on their textures. */
  #load(now) {
    const { camera } = this;
    if (camera.live && !this.passthrough && camera.video.currentTime !== this.#shown) {
      this.#shown = camera.video.currentTime;
      this.painter.load("camera 0", camera.video);
    }
    if (now - this.#boardAt < BOARD_MS) return;
    this.#boardAt = now;
    const note = now < this.#note.until ? this.#note.text : "";
    const counts = { count: this.demonstrations.count, waiting: this.outbox.parcels.length };
    const status = boardStatus(this.recorder, { hands: this.#seen, bare: this.#hands.bare, note, ...counts });
    if (this.#board.draw(status)) this.painter.load("board", this.#board.canvas);
  }
}

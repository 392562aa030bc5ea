// SPDX-License-Identifier: Apache-2.0
// One stay in a headset: hands at the display's rate, pictures, board, buttons.

import { seenFrom } from "../model/quaternion.js";
import { Controllers, pulse } from "./controllers.js";
import { multiply, placed } from "./matrix.js";
import { Panel } from "./panel.js";
import { boardPlace, drawRoom, picturePlaces } from "./room.js";
import { clear, eyeHeight, openStage, plainPose, standing } from "./stage.js";

const NOTE_MS = 5000;
const BOARD_MS = 100;
const LATE_MS = 1000;
const SHORTEST_MS = 1000; // of an episode that is judged: who pressed A again while the scene was built meant to start

export class Headset {
  #controllers = new Controllers();
  #panel = new Panel();
  #fresh = new Set(); // cameras with a picture that is not on its texture yet
  #note = { text: "", until: 0 };
  #boardAt = -Infinity;
  #startedAt = 0;
  #clutched = {};
  #listening = [];

  constructor({ session, drive, cameras, actions, estop }) {
    Object.assign(this, { session, drive, cameras, actions, estop });
  }

  /** Enter `mode`, immersive-vr or immersive-ar; `ended` is called when the headset is put off. */
  async enter(mode, ended) {
    const xr = await navigator.xr.requestSession(mode, { requiredFeatures: ["local-floor"] });
    try {
      await this.#begin(xr, mode);
    } catch (error) {
      await xr.end();
      throw error;
    }
    xr.addEventListener("end", () => {
      this.#leave();
      ended();
    });
    xr.requestAnimationFrame((time, frame) => this.#frame(time, frame));
  }

  async #begin(xr, mode) {
    this.xr = xr;
    this.passthrough = mode === "immersive-ar";
    this.painter = await openStage(xr);
    this.floor = await xr.requestReferenceSpace("local-floor");
    this.origin = null; // of the operator, {p, q} on the floor: its −z is where he looked when he came
    this.floor.addEventListener("reset", () => {
      this.#letGo(); // a hand would seem to move
      this.origin = null;
    });
    xr.addEventListener("visibilitychange", () => xr.visibilityState !== "visible" && this.#letGo());
    this.drive.takeover = this;
    this.drive.release();
    this.cameras.inHeadset = true;
    this.#listening = [
      this.cameras.on("picture", (camera) => this.#fresh.add(camera)),
      this.session.connection.on("note", ({ text }) => this.say(text)),
      this.session.on("change", (name) => name === "collection" && this.#noteStart()),
    ];
    this.cameras.images.forEach((image, camera) => image && this.#fresh.add(camera));
    this.#noteStart();
  }

  /** Show a line on the board for a while. */
  say(text) {
    this.#note = { text, until: performance.now() + NOTE_MS };
  }

  #noteStart() {
    const { collection } = this.session;
    if (collection?.recording) this.#startedAt = performance.now() - collection.elapsed_s * 1000;
  }

  get #hasJustBegun() {
    return Boolean(this.session.collection?.recording) && performance.now() - this.#startedAt < SHORTEST_MS;
  }

  #leave() {
    for (const end of this.#listening) end();
    this.cameras.inHeadset = false;
    this.drive.takeover = null;
    this.drive.release();
  }

  /** Nobody sees the arm, or knows where its hand is: nothing is held. */
  #letGo() {
    this.drive.sendHands("xr", {});
  }

  #frame(time, frame) {
    const { xr } = this;
    xr.requestAnimationFrame((later, next) => this.#frame(later, next));
    const now = performance.now();
    if (!this.origin) this.#lookAhead(frame);
    if (!this.origin) return;
    if (xr.visibilityState === "visible") this.#readHands(frame, now);
    this.#draw(frame, now);
  }

  /** Make the direction of the eyes forward. Not while a hand is clutched: it would seem to jump. */
  #lookAhead(frame) {
    const pose = frame.getViewerPose(this.floor);
    if (!pose) return;
    const head = plainPose(pose.transform);
    this.origin = standing(head);
    this.room = placed(this.origin.p, this.origin.q, [1, 1, 1]);
    this.eye = eyeHeight(head);
    this.places = picturePlaces(this.cameras.list, this.eye);
    this.board = boardPlace(this.eye);
  }

  #readHands(frame, now) {
    const { session, drive, xr } = this;
    const { hands, sticks, events } = this.#controllers.read(frame, this.floor, this.origin, xr.inputSources, drive.sides, now);
    const robot = session.welcome?.robot;
    const head = robot?.head ? this.#gaze(frame) : undefined;
    drive.sendHands("xr", hands, robot?.base || robot?.lift ? sticks : undefined, head);
    for (const [what, side] of events) this.#act(what, side);
    for (const { name, hand } of session.arms) {
      const clutched = Boolean(session.state?.arms[name]?.clutched);
      if (clutched !== Boolean(this.#clutched[name])) pulse(xr.inputSources, hand, clutched ? 0.6 : 0.25);
      this.#clutched[name] = clutched;
    }
  }

  /** How the headset is turned, as seen from where the operator's forward is. */
  #gaze(frame) {
    const pose = frame.getViewerPose(this.floor);
    if (!pose) return undefined;
    const { q } = seenFrom(this.origin, plainPose(pose.transform));
    return q.every(Number.isFinite) ? q : undefined;
  }

  #act(what, side) {
    const { session, actions, estop } = this;
    const { state, collection } = session;
    const run = async (command, args, done) => {
      const obstacle = command === "episode_start" ? session.startObstacle : session.obstacle;
      if (await actions.run(command, args)) this.say(done);
      else if (obstacle) this.say(obstacle); // the page's notes are not seen in here
    };
    if (what === "stick down") estop.press();
    else if (what === "ax long") run("home", {}, "Going home");
    else if (what === "ax short" && this.#hasJustBegun) this.say("Recording");
    else if (what === "ax short" && collection?.recording) run("episode_stop", { success: true }, "Kept as a success");
    else if (what === "ax short" && collection) run("episode_start", {}, "Recording");
    else if (what === "by short" && collection?.recording) run("episode_redo", {}, "Thrown away: again");
    else if (what === "by long" && state?.policy_running) run("give", {}, "The policy has the arm");
    else if (what === "by long" && !this.#controllers.anySqueezed) this.origin = null;
    else if (what === "squeeze" && ["policy", "hold"].includes(state?.mode)) run("take", {}, "The arm is yours: squeeze again");
    else return;
    pulse(this.xr.inputSources, side);
  }

  #draw(frame, now) {
    const pose = frame.getViewerPose(this.floor);
    const layer = this.xr.renderState.baseLayer;
    const { gl } = this.painter;
    clear(this.painter, layer, this.passthrough);
    if (!pose) return;
    this.#load(now);
    if (this.places.length !== this.cameras.list.length) this.places = picturePlaces(this.cameras.list, this.eye);
    const shades = this.cameras.list.map((_, camera) => ((this.cameras.age(camera) ?? Infinity) > LATE_MS ? 0.35 : 1));
    const { places, board, passthrough } = this;
    for (const view of pose.views) {
      const { x, y, width, height } = layer.getViewport(view);
      gl.viewport(x, y, width, height);
      this.painter.setCamera(view.projectionMatrix, multiply(view.transform.inverse.matrix, this.room));
      drawRoom(this.painter, { places, shades, board, marks: this.#controllers.marks, passthrough });
    }
  }

  /** Put new pictures and a new board on their textures. */
  #load(now) {
    for (const camera of this.#fresh) this.painter.load(`camera ${camera}`, this.cameras.images[camera]);
    this.#fresh.clear();
    if (now - this.#boardAt < BOARD_MS) return;
    this.#boardAt = now;
    const note = now < this.#note.until ? this.#note.text : "";
    const status = { note, elapsed: (now - this.#startedAt) / 1000 };
    if (this.#panel.draw(this.session, status, this.#controllers.anySqueezed)) this.painter.load("board", this.#panel.canvas);
  }
}

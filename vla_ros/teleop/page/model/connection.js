// SPDX-License-Identifier: Apache-2.0
// The websocket: hello, pings, answers to commands, and coming back after the network was lost.

import { Emitter } from "./emitter.js";

export const PROTOCOL = 1;
const SILENCE_MS = 3000; // state comes 20 times a second: who says nothing this long is gone
const PING_MS = 1000;
const TRIPS = 5; // their median is shown
const ANSWER_MS = 15000;
const RETRY_MS = [300, 700, 1500, 3000, 5000];
const WRONG_TOKEN = 4401;

/**
 * Says "phase" {phase, retryAt}: connecting, open, lost (will try again) or refused (wrong token);
 * and each message of the server by its type, "picture" for the binary ones, "trip" [ms].
 */
export class Connection extends Emitter {
  phase = "connecting";
  retryAt = 0;
  trip = null;
  reason = ""; // why it was lost
  #socket = null;
  #heard = 0;
  #attempt = 0;
  #retryTimer = 0;
  #command = 0;
  #trips = [];
  #waiting = new Map();

  constructor({ token, name, seat }) {
    super();
    this.token = token;
    this.name = name;
    this.seat = seat;
    window.addEventListener("offline", () => this.#end("the network is gone"));
    window.addEventListener("online", () => this.retry());
    setInterval(() => this.#beat(), PING_MS);
  }

  open() {
    clearTimeout(this.#retryTimer);
    const address = new URL("/ws", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    if (this.token) address.searchParams.set("token", this.token);
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heard = performance.now();
    this.#say(this.#attempt ? "lost" : "connecting");
    socket.onopen = () => this.send({ type: "hello", protocol: PROTOCOL, name: this.name, seat: this.seat });
    socket.onmessage = (event) => socket === this.#socket && this.#hear(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#end(event.reason, event.code);
  }

  /** Try at once instead of at the end of the pause. */
  retry() {
    if (this.phase !== "lost" || this.#socket) return;
    this.open();
  }

  /** Begin anew: another name, another token. */
  restart() {
    this.#attempt = 0;
    this.#drop();
    this.open();
  }

  get connected() {
    return this.phase === "open";
  }

  send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** How much waits to be sent [bytes]: poses are not worth queueing. */
  get backlog() {
    return this.#socket?.bufferedAmount ?? 0;
  }

  /** Send a command; the promise holds the answer's result, or is rejected with its error. */
  command(name, args = {}) {
    const id = ++this.#command;
    return new Promise((resolve, reject) => {
      if (!this.connected || !this.send({ type: "command", id, command: name, arguments: args })) {
        reject(new Error("not connected: the robot was not told"));
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`no answer to “${name.replace("_", " ")}” within ${ANSWER_MS / 1000} s`));
      }, ANSWER_MS);
      this.#waiting.set(id, { resolve, reject, timer });
    });
  }

  #hear(data) {
    this.#heard = performance.now();
    if (data instanceof ArrayBuffer) {
      const view = new DataView(data);
      if (view.getUint8(0) !== 1) return;
      const picture = { camera: view.getUint8(1), stamp: view.getFloat64(2, true), jpeg: new Uint8Array(data, 10) };
      this.emit("picture", picture);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "welcome") {
      this.#attempt = 0;
      this.#say("open");
      this.#beat();
    } else if (message.type === "pong") {
      this.#trips = [...this.#trips.slice(1 - TRIPS), performance.now() - message.t];
      this.trip = [...this.#trips].sort((a, b) => a - b)[this.#trips.length >> 1];
      this.emit("trip", this.trip);
      return;
    } else if (message.type === "answer") {
      this.#answer(message);
      return;
    }
    this.emit(message.type, message);
  }

  #answer({ id, ok, error, result }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (ok) waiting.resolve(result);
    else waiting.reject(new Error(error || "the robot refused without a reason"));
  }

  #beat() {
    if (!this.#socket) return;
    if (performance.now() - this.#heard > SILENCE_MS) this.#end("no word from the robot");
    else if (this.connected) this.send({ type: "ping", t: performance.now() });
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.trip = null;
    this.#trips = [];
    socket?.close();
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error("the connection was lost before the robot answered"));
    }
    this.#waiting.clear();
  }

  #end(reason, code) {
    if (!this.#socket) return;
    this.#drop();
    clearTimeout(this.#retryTimer);
    if (code === WRONG_TOKEN && this.token) {
      this.token = ""; // an old one, perhaps: the cookie of this visit may know better
      this.open();
      return;
    }
    if (code === WRONG_TOKEN) {
      sessionStorage.removeItem("token");
      this.#say("refused");
      return;
    }
    this.reason = reason || "";
    const pause = RETRY_MS[Math.min(this.#attempt, RETRY_MS.length - 1)];
    this.#attempt += 1;
    this.retryAt = performance.now() + pause;
    this.#retryTimer = setTimeout(() => this.open(), pause);
    this.#say("lost");
  }

  #say(phase) {
    this.phase = phase;
    this.emit("phase", phase);
  }
}

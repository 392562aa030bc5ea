// SPDX-License-Identifier: Apache-2.0
// Pictures of a camera as JPEG: asked for from the headset's own frames, made in a worker beside them.

const MOST_PER_S = 15;
const IN_AIR = 2;
const SLACK_MS = 4; // frames come a little early now and then
const PATIENCE_MS = 2000; // for pictures that are being made when a take ends

export class Film {
  #worker = new Worker("/page/takes/encoder.js");
  #waiting = new Map(); // number → {done, failed}
  #count = 0;
  #last = -Infinity;
  #seen = "";

  constructor() {
    this.#worker.onmessage = ({ data: { number, blob } }) => this.#settle(number, blob);
    this.#worker.onerror = () => [...this.#waiting.keys()].forEach((number) => this.#settle(number, null));
  }

  /** Have the picture that `video` shows at `now` [ms] made for a take; nothing when it is no new one. */
  offer(video, take, now, head) {
    if (now - this.#last < 1000 / MOST_PER_S - SLACK_MS || this.#waiting.size >= IN_AIR) return;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
    const shown = `${video.currentTime} ${video.getVideoPlaybackQuality?.().totalVideoFrames}`;
    if (shown === this.#seen) return;
    this.#seen = shown;
    this.#last = now;
    const number = this.#count++;
    this.#waiting.set(number, (blob) => (blob ? take.addPicture(now, head, blob) : take.lost++));
    createImageBitmap(video).then(
      (bitmap) => this.#worker.postMessage({ number, bitmap }, [bitmap]),
      () => this.#settle(number, null),
    );
  }

  /** Wait until every picture under way is made, or lost. */
  async settled() {
    const end = performance.now() + PATIENCE_MS;
    while (this.#waiting.size && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
    [...this.#waiting.keys()].forEach((number) => this.#settle(number, null));
  }

  #settle(number, blob) {
    this.#waiting.get(number)?.(blob);
    this.#waiting.delete(number);
  }
}

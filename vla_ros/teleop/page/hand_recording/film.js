// SPDX-License-Identifier: Apache-2.0
// Pictures of a camera as JPEG: requested from the headset's own frames, made in a worker beside them.

const MOST_PER_S = 15;
const IN_AIR = 2;
const SLACK_MS = 4; // frames come a little early now and then
const PATIENCE_MS = 2000; // for one picture
const LARGEST_BYTES = 2 ** 20; // that the server takes

export class Film {
  #worker = new Worker("/page/hand_recording/encoder.js");
  #waiting = new Map(); // number → {demonstration, since, keep}
  #ends = []; // {demonstration, resolve}: those who wait for the last pictures of a demonstration
  #count = 0;
  #last = -Infinity;
  #seen = "";

  constructor() {
    this.#worker.onmessage = ({ data: { number, blob } }) => this.#settle(number, blob);
    this.#worker.onerror = () => [...this.#waiting.keys()].forEach((number) => this.#settle(number, null));
    setInterval(() => this.tick(performance.now()), 250);
  }

  /** Have the picture that `video` shows at `now` [ms] made for a demonstration; nothing when it is no new one. */
  offer(video, demonstration, now, head) {
    if (now - this.#last < 1000 / MOST_PER_S - SLACK_MS || this.#waiting.size >= IN_AIR) return;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || !video.videoWidth) return;
    const shown = `${video.currentTime} ${video.getVideoPlaybackQuality?.().totalVideoFrames}`;
    if (shown === this.#seen) return;
    this.#seen = shown;
    this.#last = demonstration.pictureAt = now;
    const number = this.#count++;
    this.#waiting.set(number, { demonstration, since: now, keep: (blob) => demonstration.addPicture(now, head, blob) });
    createImageBitmap(video).then(
      (bitmap) => this.#worker.postMessage({ number, bitmap }, [bitmap]),
      () => this.#settle(number, null),
    );
  }

  /** Give up pictures that take too long. Called by a timer and, where those stand still, by the headset's frames. */
  tick(now) {
    for (const [number, { since }] of this.#waiting) if (now - since > PATIENCE_MS) this.#settle(number, null);
  }

  /** Wait until every picture of a demonstration is made, or lost. */
  settled(demonstration) {
    return new Promise((resolve) => {
      this.#ends.push({ demonstration, resolve });
      this.#tell();
    });
  }

  #settle(number, blob) {
    const one = this.#waiting.get(number);
    if (!one) return;
    this.#waiting.delete(number);
    if (blob && blob.size <= LARGEST_BYTES) one.keep(blob);
    else one.demonstration.lost++;
    this.#tell();
  }

  #tell() {
    const busy = new Set([...this.#waiting.values()].map(({ demonstration }) => demonstration));
    this.#ends = this.#ends.filter(({ demonstration, resolve }) => busy.has(demonstration) || resolve());
  }
}

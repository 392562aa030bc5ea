// SPDX-License-Identifier: Apache-2.0
// One demonstration while it is recorded, and the parcel it becomes.

/** A name that no other demonstration has: sent twice, it is kept once. */
function makeId() {
  const numbers = crypto.getRandomValues(new Uint8Array(16));
  return [...numbers].map((value) => (value % 36).toString(36)).join("");
}

const lines = (rows) => new Blob(rows.map((row) => `${JSON.stringify(row)}\n`), { type: "application/x-ndjson" });

export class Demonstration {
  lost = 0; // pictures that could not be made, or are too large
  bytes = 0; // of its pictures
  still = false; // whether its camera stood still for a while
  #hands = [];
  #pictures = [];
  #last = -Infinity;

  constructor(instruction, hand, now) {
    Object.assign(this, { instruction, hand, began: now, pictureAt: now, id: makeId() });
  }

  /** Add what was seen of the hands at `t` [ms]. */
  addHands(t, hands) {
    if (t <= this.#last) return;
    this.#last = t;
    this.#hands.push({ type: "hands", n: this.#hands.length, t, source: "xr", hands });
  }

  /** Add a picture with the head's pose at its time. */
  addPicture(t, head, blob) {
    this.#pictures.push({ t, head, blob });
    this.bytes += blob.size;
  }

  get pictures() {
    return this.#pictures.length;
  }

  /** Seconds from its beginning to what was recorded last. */
  get seconds() {
    return Math.max(0, this.#last - this.began) / 1000;
  }

  /** Poses of the hand that counts. */
  get poses() {
    return this.#hands.filter((row) => row.hands[this.hand]).length;
  }

  /** Return what is sent: one form, and a few words about it. */
  pack() {
    this.#pictures.sort((a, b) => a.t - b.t); // conversions may overtake each other
    const { id, instruction, hand, lost, seconds } = this;
    const named = this.#pictures.map((one, i) => ({ ...one, file: `${String(i + 1).padStart(6, "0")}.jpg` }));
    const form = new FormData();
    form.append("demonstration", new Blob([JSON.stringify({ id, instruction, hand, lost })], { type: "application/json" }));
    form.append("hands", lines(this.#hands));
    form.append("pictures", lines(named.map(({ t, file, head }) => ({ t, file, head }))));
    for (const { file, blob } of named) form.append(file, blob, file);
    const bytes = this.bytes + 300 * this.#hands.length;
    return { id, instruction, seconds, lost, pictures: named.length, form, bytes, first: named[0]?.blob ?? null };
  }
}

// SPDX-License-Identifier: Apache-2.0
// Areas to drag on with mouse or finger: a drag moves the hand by as much, no matter where it begins.

const METRES_PER_PIXEL = 0.0006;
const RADIANS_PER_PIXEL = 0.006;
const WHEEL = 0.0002; // m for each unit of a wheel's turn
const STILL = { v: [0, 0, 0], w: [0, 0, 0] };

export class Pads {
  source = "pointer";
  #pointers = new Map(); // area → the pointer that drags it

  /** Take three areas: the plane, the height, the twist; the plane tilts the hand instead while `turning()`. */
  constructor(drive, { plane, height, twist }, turning) {
    const push = (p, r) => drive.push(p, r, this.source);
    this.#connect(plane, (dx, dy) => {
      if (turning()) push([0, 0, 0], [dy * RADIANS_PER_PIXEL, 0, -dx * RADIANS_PER_PIXEL]);
      else push([dx * METRES_PER_PIXEL, 0, dy * METRES_PER_PIXEL], [0, 0, 0]);
    });
    this.#connect(height, (dx, dy) => push([0, -dy * METRES_PER_PIXEL, 0], [0, 0, 0]));
    this.#connect(twist, (dx) => push([0, 0, 0], [0, -dx * RADIANS_PER_PIXEL, 0]));
    plane.addEventListener(
      "wheel",
      (event) => {
        event.preventDefault();
        push([0, -event.deltaY * WHEEL, 0], [0, 0, 0]);
      },
      { passive: false },
    );
  }

  /** While a finger rests on an area the hand stays engaged. */
  read() {
    return this.#pointers.size ? STILL : null;
  }

  reset() {
    for (const area of this.#pointers.keys()) area.classList.remove("dragged");
    this.#pointers.clear();
  }

  #connect(area, moved) {
    let last = [0, 0];
    area.addEventListener("pointerdown", (event) => {
      if (this.#pointers.has(area) || event.button !== 0) return;
      this.#pointers.set(area, event.pointerId);
      last = [event.clientX, event.clientY];
      area.setPointerCapture(event.pointerId);
      area.classList.add("dragged");
      mark(area, event);
    });
    area.addEventListener("pointermove", (event) => {
      if (this.#pointers.get(area) !== event.pointerId) return;
      moved(event.clientX - last[0], event.clientY - last[1]);
      last = [event.clientX, event.clientY];
      mark(area, event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      area.addEventListener(name, (event) => {
        if (this.#pointers.get(area) !== event.pointerId) return;
        this.#pointers.delete(area);
        area.classList.remove("dragged");
      });
    }
  }
}

/** Put the mark of a drag under the finger. */
function mark(area, event) {
  const box = area.getBoundingClientRect();
  area.style.setProperty("--x", `${Math.min(box.width, Math.max(0, event.clientX - box.left))}px`);
  area.style.setProperty("--y", `${Math.min(box.height, Math.max(0, event.clientY - box.top))}px`);
}

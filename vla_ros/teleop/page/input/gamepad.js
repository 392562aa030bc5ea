// SPDX-License-Identifier: Apache-2.0
// A gamepad of the standard layout: RB is the clutch, sticks move, LB makes them turn.

import { note } from "../view/notes.js";

const STANDARD = "standard"; // the layout that is meant: of another, a trigger at rest may be a stick that is pushed
const DEAD = 0.12;
const TAKE_OVER = 0.1; // of the trigger's way, after which it means what it says
const TURN_PER_METRE = 4;
const BUTTON = { A: 0, B: 1, X: 2, Y: 3, LB: 4, RB: 5, LT: 6, RT: 7, BACK: 8, UP: 12, DOWN: 13, LEFT: 14, RIGHT: 15 };

function beyondDead(value = 0) {
  const size = Math.abs(value);
  return size < DEAD ? 0 : (Math.sign(value) * (size - DEAD)) / (1 - DEAD);
}

/** `pressed(name)` is called once for each press of a button that is not held: A, B, X, Y, BACK, LEFT, RIGHT. */
export class GamepadInput {
  source = "gamepad";
  holds = true;
  name = "";
  #down = new Set();
  #latched = null; // RT's value as RB engaged the hand; Infinity once it means what it says

  constructor(drive, pressed) {
    this.drive = drive;
    this.pressed = pressed;
    window.addEventListener("gamepadconnected", ({ gamepad: { id, mapping } }) => {
      if (mapping !== STANDARD) note("warning", `This browser does not know the buttons of “${id}”: it is not used.`);
    });
    window.addEventListener("gamepaddisconnected", () => {
      this.name = "";
      this.#down.clear();
    });
  }

  read() {
    const pad = [...(navigator.getGamepads?.() ?? [])].find((one) => one?.connected && one.mapping === STANDARD);
    if (!pad) return null;
    this.name = pad.id;
    const down = (name) => Boolean(pad.buttons[BUTTON[name]]?.pressed);
    for (const name of ["A", "B", "X", "Y", "BACK", "LEFT", "RIGHT"]) {
      const looks = down("LT") && (name === "LEFT" || name === "RIGHT"); // the D-pad looks about then
      if (down(name) && !this.#down.has(name) && !looks) this.pressed(name);
      if (down(name)) this.#down.add(name);
      else this.#down.delete(name);
    }
    const [lx, ly, rx, ry] = [0, 1, 2, 3].map((i) => beyondDead(pad.axes[i] ?? 0));
    if (!down("RB") || !this.drive.hand.clutch) this.#latched = null;
    const { welcome } = this.drive.session;
    const { base, lift, head } = welcome?.robot ?? {};
    if (down("LT") && (base || lift || head)) {
      const sticks = { left: [lx, ly], right: [rx, ry] };
      if (head) sticks.look = [down("RIGHT") - down("LEFT"), down("DOWN") - down("UP")];
      return { v: [0, 0, 0], w: [0, 0, 0], sticks };
    }
    if (!down("RB")) return null;
    const pace = this.drive.pace;
    const turn = pace * TURN_PER_METRE;
    const gripper = this.#gripper(pad.buttons[BUTTON.RT]?.value ?? 0);
    if (down("LB")) return { v: [0, 0, 0], w: [turn * ly, -turn * rx, -turn * lx], gripper };
    return { v: [pace * lx, -pace * ry, pace * ly], w: [0, -turn * rx, 0], gripper };
  }

  /** What RT asks of the gripper: nothing until it is moved or closes further, so that engaging drops nothing. */
  #gripper(value) {
    this.#latched ??= value;
    const rests = Math.abs(value - this.#latched) <= TAKE_OVER;
    if (rests && value < this.drive.hand.gripperTarget) return undefined;
    this.#latched = Infinity;
    return value;
  }
}

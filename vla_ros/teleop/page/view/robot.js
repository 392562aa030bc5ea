// SPDX-License-Identifier: Apache-2.0
// What the robot does, in words, and each arm: clutch, gripper, force, place.

import { byId, make, setAttribute, setHidden, setText } from "./dom.js";

const FORCE = { full: 30, amber: 12, red: 22 }; // N

export function showRobot(session) {
  let rows = [];
  session.watch(["welcome"], () => {
    rows = session.arms.map((arm) => makeArm(arm, session.arms.length > 1));
    byId("arms").replaceChildren(...rows.map((row) => row.element));
  });
  session.watch(["state", "phase", "seat"], () => {
    const { tone, words } = session.situation;
    for (const id of ["doing", "doing-short"]) {
      setText(byId(id), words);
      setAttribute(byId(id), "data-tone", tone);
    }
    for (const row of rows) row.draw(session.state?.arms[row.name], session.situation);
  });
}

function makeGauge(label) {
  const bar = make("i");
  const value = make("b", { text: "–" });
  const element = make("div", { class: "gauge" }, make("span", { text: label }), bar, value);
  return {
    element,
    set(part, text, tone = "") {
      const share = `${Math.round(Math.min(1, Math.max(0, part)) * 100)}%`;
      if (bar.style.getPropertyValue("--part") !== share) bar.style.setProperty("--part", share);
      setText(value, text);
      setAttribute(element, "data-tone", tone);
      setAttribute(element, "data-none", text === "–");
    },
  };
}

/** Whether cups suck, and whether they hold something where that is measured. */
export function suctionWords({ gripper, sealed }) {
  if (gripper <= 0.5) return "off";
  if (typeof sealed !== "boolean") return "on";
  return sealed ? "holds" : "on, open";
}

function makeArm({ name, hand, gripper_max, tool }, many) {
  const sucks = tool === "suction";
  const [gripper, force] = [makeGauge(sucks ? "Suction" : "Gripper"), makeGauge("Force")];
  const clutch = make("span", { class: "chip", text: "Free" });
  const place = make("span", { class: "quiet", title: "Tool, from the robot's base" });
  const refused = make("p", { class: "refused", role: "status", hidden: "" });
  const title = make("strong", { text: many ? `${name} (${hand} hand)` : name });
  force.element.title = "Force at the wrist; – when this arm measures none";
  const element = make("div", { class: "arm", data: { arm: name } }, make("div", { class: "line" }, title, clutch, place), make("div", { class: "gauges" }, gripper.element, force.element), refused);
  return {
    name,
    element,
    draw(arm, { words, follows }) {
      if (!arm) return;
      setText(clutch, arm.clutched ? "Clutch engaged" : "Clutch free");
      setAttribute(clutch, "class", `chip ${arm.clutched ? "on" : ""}`);
      const p = arm.measured?.p ?? arm.commanded?.p;
      setText(place, p ? p.map((value) => (value * 100).toFixed(0).replace("-", "−")).join(" ") + " cm" : "");
      const opening = arm.opening ?? arm.gripper;
      if (sucks) gripper.set(arm.gripper, suctionWords(arm));
      else if (typeof opening === "number" && gripper_max) gripper.set(opening / gripper_max, `${(opening * 1000).toFixed(0)} mm`);
      else gripper.set(0, "–");
      if (arm.force) {
        const size = Math.hypot(...arm.force);
        force.set(size / FORCE.full, `${size.toFixed(1)} N`, size > FORCE.red ? "red" : size > FORCE.amber ? "amber" : "");
      } else force.set(0, "–");
      setHidden(refused, !arm.refused || !follows || words.includes(arm.refused)); // said already
      setText(refused, arm.refused ? `Refused: ${arm.refused}` : "");
    },
  };
}

// SPDX-License-Identifier: Apache-2.0
// The one line over everything: what is wrong now, and what to do.

import { byId, setAttribute, setDisabled, setHidden, setText } from "./dom.js";

/** Choose what matters most; null when nothing does. */
function choose({ connection, seat, stopped }) {
  const wait = Math.max(0, Math.ceil((connection.retryAt - performance.now()) / 1000));
  if (connection.phase === "connecting") return { tone: "info", title: "Connecting", text: "to the robot…" };
  if (connection.phase === "lost") {
    const why = connection.reason ? ` (${connection.reason})` : "";
    return {
      tone: "red",
      title: "Connection lost.",
      text: `The arm holds where it is. ${wait ? `Trying again in ${wait} s` : "Trying again…"}${why}`,
      action: "Try now",
      does: "retry",
    };
  }
  if (stopped) {
    if (seat.yours) {
      const text = "The arm is stopped. When it is safe: release, then enable.";
      return { tone: "red", title: "E-stop.", text, action: "Release e-stop", does: "release" };
    }
    const text = seat.driver ? `The arm is stopped. ${seat.driver} can release it.` : "The arm is stopped. Nobody drives.";
    return { tone: "red", title: "E-stop.", text, action: seat.driver ? "" : "Take the seat", does: "drive" };
  }
  if (!seat.yours) {
    const title = seat.driver ? `${seat.driver} drives.` : "Nobody drives.";
    return { tone: "info", title, text: "You watch; your e-stop works.", action: seat.driver ? "" : "Take the seat", does: "drive" };
  }
  return null;
}

export function showBanner(session, { estop, actions }) {
  const [banner, button] = [byId("banner"), byId("banner-action")];
  let does = "";
  button.addEventListener("click", () => {
    if (does === "retry") session.connection.retry();
    else if (does === "release") estop.release();
    else if (does === "drive") actions.run("drive", {}, button);
  });
  const draw = () => {
    const what = choose(session);
    setHidden(banner, !what || session.connection.phase === "refused");
    if (!what) return;
    does = what.does;
    setAttribute(banner, "class", `banner ${what.tone}`);
    setText(byId("banner-title"), what.title);
    setText(byId("banner-text"), what.text);
    setHidden(button, !what.action);
    setText(button, what.action ?? "");
    setDisabled(button, false);
  };
  session.watch(["phase", "seat", "state"], draw);
  setInterval(() => session.connection.phase === "lost" && draw(), 500);
}

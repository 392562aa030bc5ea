// SPDX-License-Identifier: Apache-2.0
// The one line over everything: what is wrong now, and what to do.

import { byId, setAttribute, setDisabled, setHidden, setText } from "./dom.js";

export function showBanner(session, { estop, actions }) {
  const [banner, button] = [byId("banner"), byId("banner-action")];
  let does = "";
  button.addEventListener("click", () => {
    if (does === "retry") session.connection.retry();
    else if (does === "release") estop.release();
    else if (does) actions.run(does, {}, button);
  });
  const draw = () => {
    const { banner: what } = session.situation;
    setHidden(banner, !what);
    if (!what) return;
    does = what.does ?? "";
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

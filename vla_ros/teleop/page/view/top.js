// SPDX-License-Identifier: Apache-2.0
// The bar at the top: robot, mode, seat, connection, colours.

import { showColours } from "./colours.js";
import { ageText, byId, setAttribute, setDisabled, setHidden, setText } from "./dom.js";

export function showTop(session, actions) {
  showRobotName(session);
  showMode(session, actions);
  showLink(session);
  showColours();
}

function showRobotName(session) {
  session.watch(["welcome"], () => {
    const robot = session.welcome?.robot;
    if (!robot) return;
    setText(byId("robot-name"), robot.name);
    const arms = robot.arms.length === 1 ? "One arm" : `${robot.arms.length} arms`;
    const parts = [arms, robot.base && "base", robot.lift && "lift", robot.head && "head"].filter(Boolean).join(", ");
    setText(byId("robot-what"), session.collection?.name ? `${parts} · ${session.collection.name}` : parts);
    document.title = `${robot.name} · vla_ros`;
  });
}

function showMode(session, actions) {
  const buttons = [...document.querySelectorAll(".top [data-mode]")];
  const commands = { policy: "give", hold: "hold", teleop: "take" };
  for (const button of buttons) actions.bind(button, commands[button.dataset.mode]);
  session.watch(["state", "seat", "phase"], () => {
    const { state, driving, stopped } = session;
    for (const button of buttons) {
      const { mode } = button.dataset;
      setAttribute(button, "aria-pressed", session.connected && state?.mode === mode);
      setDisabled(button, !driving || stopped || (mode === "policy" && !state?.policy_running));
    }
    setAttribute(buttons[0], "title", state?.policy_running ? "Give the arm to the policy (P)" : "No policy runs");
    setHidden(byId("shadow"), !(state?.shadow ?? session.welcome?.robot.shadow));
  });
}

function showLink(session) {
  const tone = (trip) => (trip === null || trip < 80 ? "good" : trip < 200 ? "amber" : "red");
  session.watch(["phase", "trip", "state", "seat"], () => {
    const { phase, trip } = session.connection;
    const words = { connecting: "Connecting", lost: "Offline", refused: "Wrong token" };
    setText(byId("link-text"), words[phase] ?? (trip === null ? "Connected" : ageText(trip)));
    setAttribute(byId("link"), "class", `pill ${phase === "open" ? tone(trip) : phase === "connecting" ? "" : "red"}`);
    setAttribute(byId("link"), "title", "Network: there and back");

    const { seat } = session;
    const others = seat.watchers - (seat.yours ? 0 : 1);
    const who = seat.yours ? "You drive" : seat.driver ? `${seat.driver} drives` : "Seat is free";
    setText(byId("seat-text"), session.connected ? who + (others > 0 ? ` · ${others} watch${others > 1 ? "" : "es"}` : "") : "No seat");
    setAttribute(byId("seat"), "class", `pill ${session.driving ? "good" : ""}`);
    const latency = session.state?.latency;
    const parts = [];
    if (typeof latency?.command_ms === "number") parts.push(`command ${ageText(latency.command_ms)}`);
    if (trip !== null) parts.push(`network ${ageText(trip)}`);
    setText(byId("latency"), session.connected && parts.length ? parts.join(" · ") : "–");
  });
}

// SPDX-License-Identifier: Apache-2.0
// What is true of the robot now: one answer, which everything on the page shows.

/**
 * Facts are {phase, reason, retry: [s], seat: {yours, driver}, state}. The first condition that holds is the situation:
 * {name, tone: "" | good | amber | red, words, banner: null | {tone, title, text, action?, does?}, follows}.
 * `follows` says whether the arm would follow who may move it: what keeps it from that comes before who that is.
 */
export function situation(facts) {
  for (const condition of BARRED) {
    const found = condition(facts);
    if (found) return { ...found, follows: false };
  }
  const found = doubted(facts) ?? nobody(facts) ?? holding(facts) ?? policy(facts) ?? refused(facts) ?? moving(facts);
  return { ...found, follows: true };
}

const BARRED = [disconnected, unheard, stopped, held, home, disabled];

function say(name, tone, words, banner = null) {
  return { name, tone, words, banner };
}

/** A banner with what the driver can do about it; others are told who drives. */
function remedy({ seat }, tone, title, text, action, does) {
  if (seat.yours) return { tone, title, text, action, does };
  if (seat.driver) return { tone, title, text: `${seat.driver} drives. You watch; your e-stop works.` };
  return { tone, title, text: "Nobody drives; your e-stop works.", action: "Take the seat", does: "drive" };
}

/** Who watches is told so where nothing is wrong. */
function watching({ seat }) {
  return seat.yours ? null : { tone: "info", title: `${seat.driver} drives.`, text: "You watch; your e-stop works." };
}

function disconnected({ phase, reason, retry }) {
  if (phase === "open") return null;
  const words = "No word from the robot";
  if (phase === "connecting") return say(phase, "", words, { tone: "info", title: "Connecting", text: "to the robot…" });
  if (phase === "refused") return say(phase, "", words); // a sheet asks for the token
  const when = retry > 0 ? `Trying again in ${retry} s` : "Trying again…";
  const text = `The arm holds where it is. ${when}${reason ? ` (${reason})` : ""}`;
  return say("lost", "red", "Connection lost: the arm holds", {
    tone: "red", title: "Connection lost.", text, action: "Try now", does: "retry",
  });
}

function unheard({ state }) {
  return state ? null : say("unheard", "", "No word from the robot yet");
}

function stopped(facts) {
  if (!facts.state.estop) return null;
  const text = "The arm is stopped. When it is safe: release, then enable.";
  return say("stopped", "red", "Stopped by the e-stop", remedy(facts, "red", "E-stop.", text, "Release e-stop", "release"));
}

/** Control still has the arm, and refuses everything since a fault or an e-stop. */
function held(facts) {
  const reason = facts.state.held;
  if (!reason) return null;
  const [, fault] = /^fault: (.*)/.exec(reason) ?? [];
  const title = fault ? `Held after a fault: ${fault}.` : reason === "e-stop" ? "Held since the e-stop." : `Held: ${reason}.`;
  const text = "Nothing moves the arm until it is enabled again.";
  return say("held", "red", `${title} Enable again to go on.`, remedy(facts, "red", title, text, "Enable again", "enable"));
}

function home({ state, seat }) {
  if (state.mode !== "home") return null;
  return say("home", "good", "The arm is on its way home", seat.driver ? watching({ seat }) : null);
}

function disabled(facts) {
  const { enabled, hold_reason: reason } = facts.state;
  if (enabled) return null;
  const why = reason && reason !== "disabled" ? ` (${reason})` : "";
  const text = "The arm does not follow. Enable it to begin.";
  const banner = remedy(facts, "amber", `Disabled${why}.`, text, "Enable", "enable");
  return say("disabled", "amber", `Disabled${why}: the arm does not follow. Enable it to begin.`, banner);
}

function nobody({ state, seat }) {
  if (seat.driver) return null;
  const moves = state.mode === "policy" && !state.hold_reason;
  const words = moves ? "Nobody drives: the policy moves the arm" : "Nobody drives: the arm holds";
  const title = moves ? "Nobody drives, the policy moves the arm." : "Nobody drives.";
  const banner = { tone: "info", title, text: "Your e-stop works.", action: "Take the seat", does: "drive" };
  return say("nobody", "amber", words, banner);
}

function holding({ state, seat }) {
  if (state.mode !== "hold") return null;
  return say("hold", "amber", `Holds still${state.hold_reason ? `: ${state.hold_reason}` : ""}`, watching({ seat }));
}

/** A failure detector has the policy wait for a person. */
function doubted(facts) {
  const { mode, doubt } = facts.state;
  if (mode !== "policy" || !doubt) return null;
  const text = `${doubt}. Take the arm and help, or let it try again.`;
  const banner = remedy(facts, "amber", "The policy asks for a person.", text, "Try again", "give");
  return say("doubt", "amber", "The policy waits for a person", banner);
}

function policy({ state, seat }) {
  if (state.mode !== "policy") return null;
  const banner = watching({ seat });
  if (state.hold_reason) return say("policy", "amber", `The policy has the arm, which holds: ${state.hold_reason}`, banner);
  return say("policy", "good", `The policy moves the arm${shadow(state)}`, banner);
}

/** A hand wants the arm, and does not get it: nothing else may say that it moves. */
function refused({ state, seat }) {
  const [name, arm] = Object.entries(state.arms).find(([, one]) => one.refused) ?? [];
  if (!arm) return null;
  const which = Object.keys(state.arms).length > 1 ? `${name}: ` : "";
  return say("refused", "amber", `Not followed: ${which}${arm.refused}`, watching({ seat }));
}

function moving({ state, seat }) {
  const follows = Object.values(state.arms).some((arm) => arm.clutched);
  if (!follows) return say("ready", "good", "Ready: the arm waits for a hand", watching({ seat }));
  const who = seat.yours ? "You move" : `${seat.driver} moves`;
  return say("moving", "good", `${who} the arm${shadow(state)}`, watching({ seat }));
}

const shadow = (state) => (state.shadow ? " (shadow: it does not move)" : "");

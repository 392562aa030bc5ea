// SPDX-License-Identifier: Apache-2.0
// What to do next, the instruction, and the episode that is recorded.

import { byId, clockText, make, setAttribute, setDisabled, setHidden, setText } from "./dom.js";
import { note } from "./notes.js";

const PARTS = ["background", "position"]; // action and object are in the words already

export function showTask(session, actions) {
  const field = byId("instruction");
  byId("instruct").addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) note("warning", "Type what the robot shall do, then Set.");
    else if (await actions.run("instruct", { text })) field.blur();
  });
  actions.bind(byId("start"), "episode_start");
  actions.bind(byId("success"), "episode_stop", { success: true });
  actions.bind(byId("failure"), "episode_stop", { success: false });
  actions.bind(byId("redo"), "episode_redo");
  actions.bind(byId("keep-recording"), "episode_continue");
  actions.bind(byId("skip-task"), "schedule_skip");
  actions.bind(byId("again-task"), "schedule_again");

  session.watch(["state", "seat", "phase"], () => {
    const text = session.state?.instruction;
    if (typeof text === "string" && document.activeElement !== field && field.value !== text) field.value = text;
    const { driving } = session;
    for (const element of [field, field.nextElementSibling, byId("skip-task"), byId("again-task")]) setDisabled(element, !driving);
    for (const id of ["success", "failure", "redo"]) setDisabled(byId(id), !driving || !session.collection);
    drawStart(session);
    drawEnding(session);
  });
  let startedAt = 0;
  const drawClock = () => {
    const recording = Boolean(session.collection?.recording) && session.connected;
    setHidden(byId("recording-mark"), !recording);
    if (!recording) return;
    const ending = session.state?.ending;
    const words = clockText((performance.now() - startedAt) / 1000) + (ending ? ` · ends in ${Math.ceil(ending.in_s)} s` : "");
    setText(byId("recording-mark").lastElementChild, words);
  };
  session.watch(["collection", "phase"], () => {
    const { collection } = session;
    if (collection?.recording) startedAt = performance.now() - collection.elapsed_s * 1000;
    setAttribute(document.querySelector(".record"), "data-recording", Boolean(collection?.recording));
    setHidden(document.querySelector(".record"), !collection);
    setAttribute(document.querySelector(".record"), "data-redo", Boolean(collection?.redo));
    setAttribute(byId("redo"), "title", collection?.redo ? `Throw the last away, and again: ${collection.redo}` : "Throw away, begin again");
    drawStart(session);
    drawEnding(session);
    drawPrompt(collection);
    drawEvenness(collection);
    drawClock();
  });
  setInterval(drawClock, 250);
}

/** Start, and why it cannot be pressed. */
function drawStart(session) {
  const { startObstacle, driving, collection } = session;
  setDisabled(byId("start"), Boolean(startObstacle) || !collection);
  setAttribute(byId("start"), "title", startObstacle);
  setHidden(byId("start-why"), !startObstacle || !driving || collection?.recording); // who watches is told why by the banner
  setText(byId("start-why"), startObstacle);
}

/** How long until an episode that nobody attends to ends by itself. */
function drawEnding(session) {
  const ending = session.connected && session.collection?.recording ? session.state?.ending : null;
  setHidden(byId("ending"), !ending);
  if (ending) setText(byId("ending").firstElementChild, `Ends by itself in ${Math.ceil(ending.in_s)} s: ${ending.why}.`);
  setHidden(byId("keep-recording"), !session.driving);
}

function drawPrompt(collection) {
  const prompt = collection?.prompt;
  setHidden(byId("prompt"), !prompt);
  const { done = 0, wanted = 0 } = collection ?? {};
  setText(byId("progress"), wanted ? (done >= wanted ? `All ${wanted} done` : `${done} of ${wanted}`) : "");
  if (!prompt) return;
  setText(byId("prompt-text"), prompt.title || prompt.text);
  setText(byId("prompt-more"), prompt.title && prompt.text !== prompt.title ? prompt.text : "");
  const chips = PARTS.filter((part) => prompt[part]).map((part) =>
    make("li", {}, make("span", { text: `${part} ` }), prompt[part]),
  );
  byId("prompt-parts").replaceChildren(...chips);
}

/** A small bar for each cell of the plan: how even the collection is, at a glance. */
function drawEvenness(collection) {
  const counts = collection?.counts ?? [];
  setHidden(byId("evenness"), !counts.length);
  const bars = counts.slice(0, 60).map(({ cell, done, wanted }) => {
    const words = `${cell}: ${done} of ${wanted}`;
    const bar = make("span", { title: words, role: "img", "aria-label": words });
    bar.style.setProperty("--done", `${Math.min(100, (100 * done) / Math.max(1, wanted))}%`);
    return bar;
  });
  byId("evenness").replaceChildren(...bars);
}

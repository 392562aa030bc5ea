// SPDX-License-Identifier: Apache-2.0
// Show the question and the cameras, send the answer.

const WORDS = {
  begin: ["begin", "leave"],
  running: ["end", "success", "failure", "void"],
  ended: ["success", "failure", "void", "leave"],
};
const STATES = {
  begin: "Set the scene up, then begin.",
  running: "The robot acts.",
  ended: "It has ended. What became of it?",
  heard: "Written down.",
  over: "The trial has ended. The terminal says which was which.",
};
const PERIOD_MS = 400;
const element = (id) => document.getElementById(id);
let question = { id: -1, state: "" };
let complaint = "";

function show(next) {
  const fresh = next.id !== question.id;
  question = next;
  const turn = next.turn === 0 ? "first" : "second";
  element("where").textContent = next.number
    ? `Trial ${next.number}, scene ${next.scene} of ${next.scenes}, the ${turn} of two`
    : "Waiting";
  element("asked").textContent = next.instruction ?? "";
  element("state").textContent = STATES[next.state] ?? "";
  element("placement").replaceChildren(
    ...(next.placement ?? []).map((line) => Object.assign(document.createElement("li"), { textContent: line })),
  );
  for (const button of element("answers").children) {
    button.hidden = !(WORDS[next.state] ?? []).includes(button.dataset.word);
  }
  if (fresh) complaint = "";
  // What is being typed while the episode runs is still of it when it has ended.
  if (fresh && next.state === "begin") element("reason").value = "";
  element("said").textContent = complaint || (next.said ?? []).at(-1) || "";
  showCameras(next.cameras ?? []);
}

function showCameras(names) {
  const room = element("cameras");
  if (room.dataset.names !== names.join()) {
    room.dataset.names = names.join();
    room.replaceChildren(
      ...names.map((name) => {
        const words = `Camera ${name}`;
        return Object.assign(document.createElement("img"), { alt: words, ariaLabel: words, hidden: true });
      }),
    );
  }
  const outlines = element("outlines").checked ? 1 : 0;
  names.forEach((name, number) => {
    const picture = room.children[number];
    if (picture.dataset.loading) return; // a slow link gets fewer pictures, not a queue of them
    picture.dataset.loading = "1";
    const next = new Image();
    const done = (shown) => {
      delete picture.dataset.loading;
      picture.hidden = !shown;
      if (shown) picture.src = next.src;
    };
    next.onload = () => done(true);
    next.onerror = () => done(false);
    fetch(`/trial/cameras/${encodeURIComponent(name)}.jpg?outlines=${outlines}`)
      .then((response) => (response.ok ? response.blob() : Promise.reject(new Error("no picture"))))
      .then((blob) => {
        if (picture.src.startsWith("blob:")) URL.revokeObjectURL(picture.src);
        next.src = URL.createObjectURL(blob);
      })
      .catch(() => done(false));
  });
}

async function answer(word) {
  const body = JSON.stringify({ id: question.id, word, reason: element("reason").value });
  const response = await fetch("/trial/answer", { method: "POST", body });
  complaint = response.ok ? "" : ((await response.json()).error ?? "It was not taken.");
  element("said").textContent = complaint;
}

async function poll() {
  try {
    const response = await fetch("/trial");
    if (!response.ok) throw new Error(String(response.status));
    show(await response.json());
  } catch {
    element("where").textContent = "The trial does not answer: look at its terminal";
    for (const button of element("answers").children) button.hidden = true;
  }
  setTimeout(poll, PERIOD_MS);
}

element("answers").addEventListener("click", (event) => {
  const word = event.target.closest("button")?.dataset.word;
  if (word) answer(word).catch(() => (element("said").textContent = "The answer did not arrive."));
});
poll();

// SPDX-License-Identifier: Apache-2.0
// Demonstrations, the newest first: those that are not sent yet, then those the server has.

import { byId, clockText, make, setDisabled, setHidden, setText } from "../view/dom.js";
import { note } from "../view/notes.js";

const STATES = { waiting: ["amber", "Not sent yet"], sending: ["amber", "Being sent"], refused: ["red", "Refused"] };

const count = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;
const button = (text, label, pressed) => {
  const element = make("button", { type: "button", class: "plain", text, "aria-label": label });
  element.onclick = pressed;
  return element;
};
const BIN = '<svg viewBox="0 0 24 24" aria-hidden="true"><path class="line" d="M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12M10.5 10.5v5M13.5 10.5v5"/></svg>';
const bin = (name, pressed) => {
  const element = make("button", { type: "button", class: "icon", "aria-label": `Throw away ${name}`, title: "Throw away" });
  element.insertAdjacentHTML("beforeend", BIN);
  element.onclick = pressed;
  return element;
};

function row({ name, picture, instruction, facts, marks, chip }, ...buttons) {
  const image = make("img", { alt: "", src: picture, width: "96", height: "64" });
  image.onerror = () => (image.hidden = true);
  const line = make("p", { class: "facts" }, ...(chip ? [make("span", { class: `chip ${chip[0]}`, text: chip[1] })] : []), ...facts.map((text) => make("span", { text })));
  return make(
    "li",
    { class: "episode", data: { demonstration: name } },
    make("span", { class: "thumb" }, image),
    make("div", {}, make("h3", { text: instruction || name, title: instruction }), line, make("p", { class: "marks", text: marks, title: marks })),
    make("div", { class: "row-buttons" }, ...buttons),
  );
}

export function showDemonstrations(server, outbox) {
  const pictures = new Map(); // parcel → URL of its first picture
  const say = (problem) => problem && note("error", problem);
  const parcelRow = (parcel) => {
    const { id, instruction, seconds, state, reason, first } = parcel;
    if (first && !pictures.has(id)) pictures.set(id, URL.createObjectURL(first));
    const facts = [clockText(seconds), count(parcel.pictures, "picture")];
    const look = { name: id, picture: pictures.get(id) ?? "", instruction, facts, marks: reason, chip: STATES[state] };
    if (state === "sending") return row(look);
    const drop = () => confirm("Throw this demonstration away? It is nowhere else.") && outbox.drop(id);
    return row(look, button("Send", `Send ${instruction} now`, () => outbox.again(id)), bin(instruction, drop));
  };
  const demonstrationRow = ({ name, instruction, seconds, pictures: number, warning, lost }) => {
    const facts = [clockText(seconds), count(number, "picture"), name, ...(lost ? [`${lost} lost`] : [])];
    const away = async () => say(await server.throwAway(name));
    return row({ name, picture: `/demonstrations/${name}/thumbnail.jpg`, instruction, facts, marks: warning }, bin(name, away));
  };

  let drawn = "";
  const draw = () => {
    const { parcels } = outbox;
    for (const [id, url] of pictures) {
      if (parcels.some((parcel) => parcel.id === id)) continue;
      URL.revokeObjectURL(url);
      pictures.delete(id);
    }
    const now = JSON.stringify([parcels.map(({ id, state, reason }) => [id, state, reason]), server.demonstrations, server.reached]);
    if (now !== drawn) {
      drawn = now;
      byId("demonstration-list").replaceChildren(...[...parcels].reverse().map(parcelRow), ...server.demonstrations.map(demonstrationRow));
    }
    const parts = [server.count && `${server.count}`, parcels.length && `${parcels.length} not sent`, server.trash && `${server.trash} in trash`];
    setText(byId("demonstration-count"), parts.filter(Boolean).join(" · "));
    setHidden(byId("no-demonstrations"), server.count + parcels.length > 0);
    setHidden(byId("undo"), !server.undo);
    setText(byId("undo"), `Undo: ${server.undo}`);
    setDisabled(byId("undo"), !server.reached);
  };
  byId("undo").addEventListener("click", async () => say(await server.bringBack()));
  server.on("change", draw);
  outbox.on("change", draw);
  outbox.on("kept", ({ name, warning }) => {
    if (warning) note("warning", `${name} is kept, but ${warning}`);
    server.poll();
  });
  draw();
}

// SPDX-License-Identifier: Apache-2.0
// What the operator must read, in a corner until it is read or old.

import { byId, make } from "./dom.js";

const SHOWN_MS = { info: 6000, warning: 12000, error: 20000 };
const MOST = 4;

/** Show a note; the same text again only begins its time anew. */
export function note(level, text) {
  const list = byId("notes");
  const same = [...list.children].find((one) => one.dataset.text === text);
  same?.remove();
  const close = make("button", { type: "button", "aria-label": "Dismiss", text: "✕" });
  const element = make("div", { class: "note", data: { level, text } }, make("span", { text }), close);
  close.onclick = () => element.remove();
  list.append(element);
  while (list.children.length > MOST) list.firstElementChild.remove();
  setTimeout(() => element.remove(), SHOWN_MS[level] ?? SHOWN_MS.info);
}

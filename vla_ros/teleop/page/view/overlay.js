// SPDX-License-Identifier: Apache-2.0
// A sheet over the page. It never covers the e-stop, which stays reachable by key and by focus. "?" closes it as it opens
// the help: Esc is the e-stop's, with a sheet or without.

import { byId, make } from "./dom.js";

let opener = null;
let closing = null;

/** Show `content` under a title; `closed` is called when it goes. */
export function openSheet(title, content, closed = null) {
  closeSheet();
  opener = document.activeElement;
  closing = closed;
  const overlay = byId("overlay");
  const sheet = overlay.firstElementChild;
  const close = make("button", { type: "button", class: "plain", "aria-keyshortcuts": "?" }, "Close ", make("kbd", { text: "?" }));
  close.onclick = closeSheet;
  sheet.setAttribute("aria-label", title);
  sheet.replaceChildren(make("header", {}, make("h2", { text: title }), close), content);
  overlay.hidden = false;
  document.querySelector("main").inert = true;
  overlay.onclick = (event) => {
    if (event.target === overlay) closeSheet();
  };
  close.focus();
}

export function closeSheet() {
  const overlay = byId("overlay");
  if (overlay.hidden) return;
  overlay.hidden = true;
  document.querySelector("main").inert = false;
  overlay.firstElementChild.replaceChildren();
  closing?.();
  closing = null;
  opener?.focus?.();
}

export const sheetIsOpen = () => !byId("overlay").hidden;

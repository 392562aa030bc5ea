// SPDX-License-Identifier: Apache-2.0
// Reading and writing the document, only where something is new.

export const byId = (id) => document.getElementById(id);

/** Make an element: `make("p", { class: "quiet", text: "…", data: {…}, aria-label: "…" }, …children)`. */
export function make(tag, { text, data, ...attributes } = {}, ...children) {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  Object.assign(element.dataset, data ?? {});
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden;
}

export function setDisabled(element, disabled) {
  if (element.disabled !== disabled) element.disabled = disabled;
}

/** Write seconds as 1:07. */
export function clockText(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** Write an age as 80 ms, 2.4 s or 3 min. */
export function ageText(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 90000 ? `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s` : `${Math.round(ms / 60000)} min`;
}

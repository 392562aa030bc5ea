// SPDX-License-Identifier: Apache-2.0
// On a phone the cards are behind tabs.

import { setAttribute } from "./dom.js";

export function showTabs() {
  const buttons = [...document.querySelectorAll(".tabs button")];
  for (const button of buttons) {
    button.addEventListener("click", () => {
      document.documentElement.dataset.tab = button.dataset.tab;
      for (const other of buttons) setAttribute(other, "aria-pressed", other === button);
    });
  }
}

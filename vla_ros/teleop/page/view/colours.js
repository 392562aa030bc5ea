// SPDX-License-Identifier: Apache-2.0
// Light or dark: as the system prefers, until somebody chooses.

import { byId } from "./dom.js";

export function showColours() {
  const prefers = matchMedia("(prefers-color-scheme: light)");
  const set = (theme) => {
    document.documentElement.dataset.theme = theme;
    document.querySelector("meta[name=theme-color]").content = getComputedStyle(document.documentElement).getPropertyValue("--bg");
  };
  set(localStorage.getItem("theme") ?? (prefers.matches ? "light" : "dark"));
  byId("theme").addEventListener("click", () => {
    const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    localStorage.setItem("theme", theme);
    set(theme);
  });
}

# SPDX-License-Identifier: Apache-2.0
"""What a page must not be: text without contrast, elements without a name; and a telephone's screen."""

from __future__ import annotations

PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}


# Every text that is shown, with its contrast to what is behind it (WCAG 2.1, relative luminance).
CONTRAST = """() => {
  const parse = (text) => { const [r, g, b, a = 1] = text.match(/[\\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, under) => [0, 1, 2].map((i) => top[i] * top[3] + under[i] * (1 - top[3])).concat(1);
  const background = (element) => {
    const layers = [];
    for (let e = element; e; e = e.parentElement) layers.push(parse(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, top) => over(top, under), [255, 255, 255, 1]);
  };
  const light = (colour) => {
    const [r, g, b] = colour.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const poor = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = walker.currentNode.textContent.trim();
    if (!words || !element.checkVisibility() || element.closest("[disabled], noscript")) continue;
    const behind = background(element);
    const [a, b] = [light(over(parse(getComputedStyle(element).color), behind)), light(behind)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.push(`${words} ${ratio.toFixed(2)}`);
  }
  return poor;
}"""


NAMELESS = """() => [...document.querySelectorAll("button, input, video, canvas, img, [role]")]
  .filter((e) => e.checkVisibility() && !(e.getAttribute("aria-label") || e.alt === "" || e.textContent.trim()
    || e.labels?.[0]?.textContent.trim() || e.getAttribute("aria-live"))).map((e) => e.outerHTML.slice(0, 120))"""

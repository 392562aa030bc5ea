# SPDX-License-Identifier: Apache-2.0
"""The frame of an episode's page; @NAME@ is filled in by episode_page.py."""

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">@POLICY@<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em auto; max-width: 780px; padding: 0 10px; color: #222 }
h1 { font-size: 1.3em; margin-bottom: 0 } h3 { font-size: 1em; margin: 1.2em 0 0 } nav a { margin-right: 1em }
figure { display: inline-block; margin: 0 8px 8px 0; vertical-align: top } figcaption { font-size: .85em; color: #666 }
.view { position: relative; line-height: 0; width: 370px; max-width: 100% } .view img { width: 100% }
.boxes { position: absolute; inset: 0; width: 100%; height: 100%; background: none }
.boxes rect { fill: none; stroke-width: 1.5px; vector-effect: non-scaling-stroke }
.boxes rect.target { stroke-width: 3px }
#objects span { margin-right: 1em; white-space: pre } #objects span.target { font-weight: 600 }
#objects i { display: inline-block; width: 12px; height: 12px; border: 2px solid; margin-right: 4px }
#objects i { vertical-align: -3px }
.controls { position: sticky; top: 0; background: #fff; padding: 6px 0; display: flex; gap: 10px; z-index: 1;
  align-items: center; border-bottom: 1px solid #ddd; margin-bottom: 8px }
.controls #frame { flex: 1 } #time { min-width: 10em }
.legend { margin: 0; font-size: .85em } .legend span { margin-right: .8em; white-space: nowrap }
.legend b { font-weight: 600; font-variant-numeric: tabular-nums }
.plot svg { background: #f7f7f7; width: 100% } .plot svg text { font-size: 10px; fill: #555 } .plot p { margin: 0 }
.note { color: #555 } .shade { fill: #d9d3c3 }
polyline { fill: none; stroke-width: 1.3 } .cursor { stroke: #000; stroke-width: 1 }
details { margin: 1em 0; overflow-x: auto } summary { cursor: pointer; font-weight: 600 }
table { border-collapse: collapse; font-size: .85em; font-variant-numeric: tabular-nums }
th, td { padding: 1px 8px 1px 0; text-align: right } td.text { text-align: left }
</style></head><body>
<nav>@NAVIGATION@</nav>
<h1>@TITLE@</h1><p>@FACTS@</p>
<div class="controls"><button id="play">play</button><input id="frame" type="range" min="0" max="@LAST@" value="0"
aria-label="frame"><span id="time"></span>
<label id="boxed" hidden><input id="boxes" type="checkbox" checked> boxes</label></div>
@CAMERAS@
<div id="objects"></div>
@PLOTS@
<script id="data" type="application/json">@DATA@</script>
<script>
const data = JSON.parse(document.getElementById("data").textContent);
const slider = document.getElementById("frame"), play = document.getElementById("play");
const boxes = document.getElementById("boxes");
document.getElementById("boxed").hidden = !Object.keys(data.boxes).length;
const at = (list, frame) => list.length ? list[Math.min(frame, list.length - 1)] : undefined;
const said = (value) => typeof value === "number" ? String(Number(value.toPrecision(4))) : value;
let timer = null;

function drawBoxes(figure, frame) {
  const svg = figure.querySelector(".boxes"), target = at(data.objects.targets, frame);
  svg.replaceChildren();
  if (!boxes.checked) return;
  for (const [row, x1, y1, x2, y2] of at(data.boxes[figure.dataset.camera] || [], frame) || []) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [key, value] of Object.entries({ x: x1, y: y1, width: x2 - x1, height: y2 - y1,
      stroke: data.objects.colors[row] })) rect.setAttribute(key, value);
    if (row === target) rect.classList.add("target");
    svg.append(rect);
  }
}

function nameObjects(frame) {
  const names = at(data.objects.names, frame) || [], target = at(data.objects.targets, frame), seen = new Set();
  for (const frames of Object.values(data.boxes)) for (const [row] of at(frames, frame) || []) seen.add(row);
  const rows = boxes.checked ? [...seen].sort((a, b) => a - b) : [];
  document.getElementById("objects").replaceChildren(...rows.map((row) => {
    const label = document.createElement("span"), swatch = document.createElement("i");
    swatch.style.borderColor = data.objects.colors[row];
    label.append(swatch, (names[row] || `object ${row}`) + (row === target ? " (meant)" : ""));
    label.classList.toggle("target", row === target);
    return label;
  }));
}

function fillTable(table, frame) {
  const value = at(data.tables[table.dataset.table], frame);
  const rows = !Array.isArray(value) ? [[value]] : Array.isArray(value[0]) ? value : [value];
  table.tBodies[0].replaceChildren(...rows.map((row) => {
    const line = document.createElement("tr");
    line.append(...row.map((number) => {
      const cell = document.createElement("td");
      cell.textContent = said(number); cell.className = typeof number === "number" ? "" : "text";
      return cell;
    }));
    return line;
  }));
}

function show() {
  const frame = Number(slider.value);
  document.getElementById("time").textContent = `frame ${frame}, ${(frame / data.fps).toFixed(2)} s`;
  for (const figure of document.querySelectorAll("figure")) {
    const pictures = data.pictures[figure.dataset.camera], number = Math.floor(frame / data.step);
    figure.querySelector("img").src = "data:image/jpeg;base64," + at(pictures, number);
    drawBoxes(figure, number * data.step);
  }
  nameObjects(Math.floor(frame / data.step) * data.step);
  for (const line of document.querySelectorAll("line.cursor")) {
    const x = data.frames > 1 ? frame / (data.frames - 1) * line.ownerSVGElement.viewBox.baseVal.width : 0;
    line.setAttribute("x1", x); line.setAttribute("x2", x);
  }
  document.querySelectorAll(".plot .legend").forEach((legend, number) =>
    legend.querySelectorAll("b").forEach((value, i) => { value.textContent = said(data.curves[number][frame][i]); }));
  document.querySelectorAll("details[open] table").forEach((table) => fillTable(table, frame));
}
slider.addEventListener("input", show);
boxes.addEventListener("change", show);
document.querySelectorAll("details").forEach((details) => details.addEventListener("toggle", show));
play.addEventListener("click", () => {
  if (timer !== null) { clearInterval(timer); timer = null; play.textContent = "play"; return; }
  play.textContent = "stop";
  timer = setInterval(() => { slider.value = (Number(slider.value) + 1) % data.frames; show(); }, 1000 / data.fps);
});
show();
</script></body></html>
"""

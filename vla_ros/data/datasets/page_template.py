# SPDX-License-Identifier: Apache-2.0
"""The frame of an episode's page; @NAME@ is filled in by page.py."""

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>@TITLE@</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em auto; max-width: 780px; padding: 0 10px; color: #222 }
h1 { font-size: 1.3em } h2 { font-size: 1em; margin: 1em 0 0 }
figure { display: inline-block; margin: 0 8px 8px 0 } figcaption { font-size: .8em; color: #666 }
.controls { position: sticky; top: 0; background: #fff; padding: 6px 0; display: flex; gap: 10px }
.controls input { flex: 1 }
.legend { margin: 0; font-size: .8em } .legend span { margin-right: .6em }
svg { background: #f7f7f7; max-width: 100% } svg text { font-size: 10px; fill: #666 }
polyline { fill: none; stroke-width: 1.2 } .cursor { stroke: #000; stroke-width: 1 }
</style></head><body>
<h1>@TITLE@</h1><p>@FACTS@</p>
<div class="controls"><button id="play">play</button><input id="frame" type="range" min="0" max="@LAST@" value="0">
<span id="time"></span></div>
@CAMERAS@
@PLOTS@
<script id="data" type="application/json">@DATA@</script>
<script>
const data = JSON.parse(document.getElementById("data").textContent);
const slider = document.getElementById("frame"), play = document.getElementById("play");
let timer = null;
function show() {
  const frame = Number(slider.value);
  document.getElementById("time").textContent = `frame ${frame}, ${(frame / data.fps).toFixed(2)} s`;
  for (const image of document.querySelectorAll("img[data-camera]")) {
    const pictures = data.pictures[image.dataset.camera];
    const number = Math.min(pictures.length - 1, Math.floor(frame / data.step));
    image.src = "data:image/jpeg;base64," + pictures[number];
  }
  for (const line of document.querySelectorAll("line.cursor")) {
    const x = data.frames > 1 ? frame / (data.frames - 1) * line.ownerSVGElement.viewBox.baseVal.width : 0;
    line.setAttribute("x1", x); line.setAttribute("x2", x);
  }
}
slider.addEventListener("input", show);
play.addEventListener("click", () => {
  if (timer !== null) { clearInterval(timer); timer = null; play.textContent = "play"; return; }
  play.textContent = "stop";
  timer = setInterval(() => { slider.value = (Number(slider.value) + 1) % data.frames; show(); }, 1000 / data.fps);
});
show();
</script></body></html>
"""

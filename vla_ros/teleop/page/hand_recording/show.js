// SPDX-License-Identifier: Apache-2.0
// Camera, state and words on the page.

import { byId, clockText, make, setAttribute, setDisabled, setHidden, setText } from "../view/dom.js";

const CLOCK_MS = 200;

/** Preview, choice of camera, what is wrong with it. */
export function showCamera(camera) {
  const choice = byId("camera");
  const draw = () => {
    const off = camera.problem !== "";
    setHidden(byId("preview"), off);
    setHidden(byId("no-preview"), !off);
    setText(byId("camera-problem"), camera.problem);
    setHidden(byId("camera-on"), !navigator.mediaDevices);
    const options = camera.list.map(({ id, name }) => make("option", { value: id, text: name }));
    choice.replaceChildren(...(options.length ? options : [make("option", { value: "", text: "No camera yet" })]));
    choice.value = camera.list.some(({ id }) => id === camera.chosen) ? camera.chosen : choice.options[0].value;
    setDisabled(choice, !camera.list.length);
    const { videoWidth: width, videoHeight: height } = camera.video;
    setText(byId("camera-size"), off || !width ? "" : `${width} × ${height}`);
  };
  camera.on("change", draw);
  camera.video.addEventListener("resize", draw);
  byId("camera-on").addEventListener("click", () => camera.open(camera.chosen));
  choice.addEventListener("change", () => camera.open(choice.value));
  draw();
}

/** Words, hand, start and stop, and what keeps a demonstration from beginning. */
export function showRecorder(recorder, camera, server) {
  const field = byId("instruction");
  const sides = [...document.querySelectorAll("#sides button")];
  const draw = () => {
    const { recording, obstacle, demonstration } = recorder;
    for (const button of sides) {
      setAttribute(button, "aria-pressed", button.dataset.side === recorder.hand);
      setDisabled(button, recording);
    }
    setDisabled(field, recording);
    setDisabled(byId("camera"), recording || !camera.list.length);
    setAttribute(byId("record"), "data-recording", recording);
    setDisabled(byId("start"), Boolean(obstacle));
    const seconds = demonstration ? (performance.now() - demonstration.began) / 1000 : 0;
    setText(byId("state"), recording ? `Recording, ${clockText(seconds)}` : obstacle || "Ready: press A or X, or Start.");
    setAttribute(byId("state"), "data-tone", recording ? "red" : obstacle ? "amber" : "good");
    setHidden(byId("recording-mark"), !recording);
    setText(byId("recording-time"), clockText(seconds));
  };
  const write = (text) => {
    recorder.instruction = text.trim().replace(/\s+/g, " ");
    draw();
  };
  field.addEventListener("input", () => write(field.value));
  for (const button of sides) {
    button.addEventListener("click", () => {
      recorder.hand = button.dataset.side;
      draw();
    });
  }
  byId("start").addEventListener("click", () => recorder.start());
  byId("keep").addEventListener("click", () => recorder.stop());
  byId("discard").addEventListener("click", () => recorder.discard());
  const ended = server.on("change", () => {
    if (!server.begin) return;
    ended();
    recorder.hand = server.begin.hand;
    if (!field.value) field.value = server.begin.instruction;
    write(field.value);
  });
  recorder.on("change", draw);
  camera.on("change", draw);
  setInterval(draw, CLOCK_MS);
  draw();
}

/** Whether the server is reached, and how many demonstrations wait for it. */
export function showServer(server, outbox) {
  const draw = () => {
    const waiting = outbox.parcels.length;
    const words = { null: "Connecting", true: "Connected", false: "Offline" }[server.reached];
    setText(byId("link-text"), waiting ? `${words} · ${waiting} not sent` : words);
    setAttribute(byId("link"), "class", `pill ${server.reached ? (waiting ? "amber" : "good") : server.reached === false ? "red" : ""}`);
    setText(byId("folder"), server.begin ? server.begin.folder : "Hands without a robot");
    setHidden(byId("banner"), server.reached !== false);
    setText(byId("banner-text"), server.problem);
  };
  server.on("change", () => {
    draw();
    if (server.reached) outbox.tick();
  });
  outbox.on("change", draw);
  draw();
}

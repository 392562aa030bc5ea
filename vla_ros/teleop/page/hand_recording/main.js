// SPDX-License-Identifier: Apache-2.0
// The demonstrations' page: camera, words, headset, demonstrations.

import { isTyping } from "../input/keyboard.js";
import { takeToken } from "../model/token.js";
import { showColours } from "../view/colours.js";
import { byId } from "../view/dom.js";
import { note } from "../view/notes.js";
import { Camera } from "./camera.js";
import { showEntrance } from "./entrance.js";
import { Headset } from "./headset.js";
import { showDemonstrations } from "./list.js";
import { Outbox } from "./outbox.js";
import { Recorder } from "./recorder.js";
import { Server } from "./server.js";
import { showCamera, showRecorder, showServer } from "./show.js";

takeToken(new URLSearchParams(location.search)); // the cookie lets in; nobody need see the token
const camera = new Camera(byId("preview"));
const outbox = new Outbox();
const server = new Server();
const recorder = new Recorder(camera, outbox);
const headset = new Headset({ recorder, camera, outbox, demonstrations: server });

const tell = (level, text) => {
  note(level, text);
  headset.say(text);
};
recorder.on("note", ([level, text]) => tell(level, text));
outbox.on("problem", (text) => tell("warning", text));
outbox.on("kept", ({ name }) => headset.say(`${name} is kept`));

showColours();
showCamera(camera);
showRecorder(recorder, camera, server);
showServer(server, outbox);
showDemonstrations(server, outbox);
showEntrance(headset, recorder);

window.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || isTyping(event.target)) return;
  if (event.code === "KeyN") recorder.start();
  else if (event.code === "KeyY") recorder.stop();
  else if (event.code === "Backspace") recorder.discard();
  else if (event.code === "KeyZ" && server.undo) byId("undo").click();
});
window.addEventListener("beforeunload", (event) => {
  if (outbox.parcels.length || recorder.recording || recorder.settling) event.preventDefault();
});
camera.begin();
server.poll();

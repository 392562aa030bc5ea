// SPDX-License-Identifier: Apache-2.0
// The operator's page: connect, show, drive.

import { GamepadInput } from "./input/gamepad.js";
import { Keyboard } from "./input/keyboard.js";
import { Pads } from "./input/pads.js";
import { connectShortcuts } from "./input/shortcuts.js";
import { Connection } from "./model/connection.js";
import { Drive } from "./model/drive.js";
import { Session } from "./model/session.js";
import { takeToken } from "./model/token.js";
import { Actions } from "./view/actions.js";
import { showBanner } from "./view/banner.js";
import { Cameras } from "./view/cameras.js";
import { byId } from "./view/dom.js";
import { showDrive } from "./view/drive.js";
import { showEpisodes } from "./view/episodes.js";
import { EStop } from "./view/estop.js";
import { openHelp } from "./view/help.js";
import { note } from "./view/notes.js";
import { showRobot } from "./view/robot.js";
import { showSeat } from "./view/seat.js";
import { showTabs } from "./view/tabs.js";
import { showTask } from "./view/task.js";
import { showTop } from "./view/top.js";
import { showHeadset } from "./xr/entrance.js";

const query = new URLSearchParams(location.search);
const connection = new Connection({
  token: takeToken(query),
  name: query.get("name") ?? localStorage.getItem("name") ?? "Operator",
  seat: query.has("watch") ? "watch" : "drive",
});
const session = new Session(connection);
const actions = new Actions(session);
const estop = new EStop(session);
const drive = new Drive(session);
const keyboard = drive.add(new Keyboard(drive));
const shortcuts = connectShortcuts({ session, drive, actions, estop });
drive.add(new GamepadInput(drive, shortcuts.gamepad));
const pads = { plane: byId("pad-plane"), height: byId("pad-height"), twist: byId("pad-twist") };
drive.add(new Pads(drive, pads, () => byId("tilt").getAttribute("aria-pressed") === "true"));

const cameras = new Cameras(session);
shortcuts.camera = () => cameras.cycle();
showTop(session, actions);
showBanner(session, { estop, actions });
showRobot(session);
showDrive(session, drive, keyboard, actions);
showTask(session, actions);
showEpisodes(session, actions);
showSeat(session, actions);
showTabs();
showHeadset({ session, drive, cameras, actions, estop });
byId("help").addEventListener("click", openHelp);
connection.on("note", ({ level, text }) => note(level, text));
connection.on("refused", ({ reason }) => note("error", `The robot refused a message: ${reason}`));
connection.open();

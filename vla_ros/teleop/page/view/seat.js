// SPDX-License-Identifier: Apache-2.0
// The seat: who drives, what others call you, and the sheet for a wrong token.

import { byId, make, setAttribute } from "./dom.js";
import { closeSheet, openSheet } from "./overlay.js";

const NAME_LENGTH = 40;

export function showSeat(session, actions) {
  const button = byId("seat");
  button.addEventListener("click", () => {
    setAttribute(button, "aria-expanded", true);
    openSheet("The driver's seat", seatSheet(session, actions), () => setAttribute(button, "aria-expanded", false));
  });
  session.connection.on("phase", (phase) => phase === "refused" && openSheet("The token is not valid any more", tokenSheet(session)));
}

function seatSheet(session, actions) {
  const { connection, seat } = session;
  const watching = seat.watchers === 1 ? "one watches" : `${seat.watchers} watch`;
  const who = seat.yours ? "You drive" : seat.driver ? `${seat.driver} drives` : "Nobody drives";
  const swap = make("button", { type: "button", class: seat.yours ? "" : "main", text: seat.yours ? "Leave the seat" : "Take the seat" });
  swap.disabled = !session.connected || (!seat.yours && Boolean(seat.driver));
  swap.onclick = async () => {
    const command = seat.yours ? "leave" : "drive";
    if (await actions.run(command, {}, swap)) closeSheet();
  };
  const name = make("input", { value: connection.name, maxlength: NAME_LENGTH, "aria-label": "Your name", autocomplete: "nickname" });
  const form = make("form", { class: "row" }, name, make("button", { type: "submit", text: "Rename" }));
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = name.value.trim();
    if (!text || text === connection.name) return;
    localStorage.setItem("name", text);
    connection.name = text;
    closeSheet();
    connection.restart();
  };
  const words = seat.driver && !seat.yours ? `The seat is free when ${seat.driver} leaves it. Your e-stop works all the time.` : "One person drives, all others watch. Everybody's e-stop works.";
  return make(
    "div",
    { class: "seat-form" },
    make("p", { text: `${who}, ${watching}.` }),
    make("p", { class: "quiet", text: words }),
    swap,
    make("p", { class: "quiet", text: "Others see you as" }),
    form,
  );
}

function tokenSheet(session) {
  const { connection } = session;
  const field = make("input", { "aria-label": "Token or link", placeholder: "Token or link", required: "", autocomplete: "off", spellcheck: "false" });
  const form = make("form", { class: "row" }, field, make("button", { type: "submit", class: "main", text: "Connect" }));
  form.onsubmit = (event) => {
    event.preventDefault();
    const text = field.value.trim();
    const token = /[?&]token=([^&#]+)/.exec(text)?.[1] ?? text;
    location.assign(`/?token=${encodeURIComponent(decodeURIComponent(token))}`);
  };
  return make(
    "div",
    { class: "seat-form" },
    make("p", { text: "The bridge was started anew, or the link is mistyped. Nothing you do here reaches the robot." }),
    make("p", { class: "quiet", text: "Scan the QR code in the terminal where the bridge runs, or paste its link here." }),
    form,
  );
}

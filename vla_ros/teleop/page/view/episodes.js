// SPDX-License-Identifier: Apache-2.0
// The episodes so far, the newest first: picture, outcome, quality, playback, delete, undo.

import { byId, clockText, make, setAttribute, setDisabled, setHidden, setText } from "./dom.js";
import { closeSheet, openSheet } from "./overlay.js";

export function showEpisodes(session, actions) {
  const rows = new Map();
  actions.bind(byId("undo"), "undo");
  session.watch(["collection", "seat", "phase"], () => {
    const { collection, driving } = session;
    const episodes = collection?.episodes ?? [];
    const list = byId("episode-list");
    for (const [name, row] of rows) {
      if (episodes.some((episode) => episode.name === name)) continue;
      row.element.remove();
      rows.delete(name);
    }
    [...episodes].reverse().forEach((episode, place) => {
      let row = rows.get(episode.name);
      if (!row) rows.set(episode.name, (row = makeRow(episode.name, actions, () => play(session, episode.name, actions))));
      row.draw(episode, driving);
      if (list.children[place] !== row.element) list.insertBefore(row.element, list.children[place] ?? null);
    });
    setHidden(byId("no-episodes"), episodes.length > 0);
    setText(byId("no-episodes"), collection || !session.connected ? "No episodes yet. The first one appears here when you stop it." : "Nothing is being collected: the bridge was started without a collection.");
    const trash = collection?.trash ? ` · ${collection.trash} in trash` : "";
    setText(byId("episodes-count"), episodes.length ? `${episodes.length}${trash}` : trash.slice(3));
    setHidden(byId("undo"), !collection?.undo);
    setText(byId("undo"), `Undo: ${collection?.undo ?? ""}`);
    setDisabled(byId("undo"), !driving);
  });
}

function qualityTone(score) {
  return score >= 80 ? "good" : score >= 50 ? "amber" : "red";
}

function facts({ success, duration_s, quality }) {
  const outcome = success === true ? ["good", "Success"] : success === false ? ["red", "Failure"] : ["", "Not judged"];
  const judged = typeof quality === "number";
  return [
    make("span", { class: `chip ${outcome[0]}`, text: outcome[1] }),
    make("span", { class: `chip ${judged ? qualityTone(quality) : ""}`, text: judged ? `Quality ${Math.round(quality)}` : "Quality –" }),
    make("span", { text: clockText(duration_s ?? 0) }),
  ];
}

const PLAY = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M8 5v14l11-7z"/></svg>';

function makeRow(name, actions, playIt) {
  const picture = make("img", { alt: "", hidden: "" });
  picture.onload = () => (picture.hidden = false);
  picture.onerror = () => (picture.hidden = true);
  const thumb = make("button", { type: "button", class: "thumb", "aria-label": `Play ${name}` }, picture);
  thumb.insertAdjacentHTML("beforeend", PLAY);
  thumb.onclick = playIt;
  const title = make("h3");
  const line = make("p", { class: "facts" });
  const marks = make("p", { class: "marks" });
  const remove = make("button", { type: "button", class: "plain", text: "Delete", "aria-label": `Delete ${name}` });
  actions.bind(remove, "episode_delete", { name });
  const element = make("li", { class: "episode", data: { episode: name } }, thumb, make("div", {}, title, line, marks), remove);
  let drawn = "";
  return {
    element,
    draw(episode, driving) {
      setDisabled(remove, !driving);
      const now = JSON.stringify(episode);
      if (now === drawn) return;
      drawn = now;
      if (episode.thumbnail) setAttribute(picture, "src", episode.thumbnail);
      setText(title, episode.instruction || name);
      setAttribute(title, "title", `${name}: ${episode.instruction}`);
      line.replaceChildren(...facts(episode));
      const words = episode.marks ?? [];
      setText(marks, words.length > 1 ? `${words.length} marks: ${words[0]}` : (words[0] ?? ""));
      setAttribute(marks, "title", words.join("\n"));
    },
  };
}

/** Play an episode's film over the page. */
function play(session, name, actions) {
  const episode = session.collection?.episodes.find((one) => one.name === name);
  if (!episode) return;
  const video = make("video", { src: episode.video ?? "", controls: "", playsinline: "", "aria-label": `Film of ${name}` });
  video.muted = video.autoplay = video.loop = true;
  const trouble = make("p", { class: "empty", text: "This episode's film cannot be shown yet." });
  const show = (film) => {
    video.hidden = !film;
    trouble.hidden = film;
  };
  show(Boolean(episode.video));
  video.onerror = () => show(false);
  const remove = make("button", { type: "button", class: "bad", text: "Delete" });
  remove.disabled = !session.driving;
  remove.onclick = async () => (await actions.run("episode_delete", { name }, remove)) && closeSheet();
  const line = make("div", { class: "facts" }, ...facts(episode), make("span", { class: "quiet", text: name }), remove);
  const marks = make("ul", {}, ...(episode.marks ?? []).map((text) => make("li", { text })));
  openSheet(episode.instruction || name, make("div", {}, video, trouble, line, marks), () => video.pause());
}

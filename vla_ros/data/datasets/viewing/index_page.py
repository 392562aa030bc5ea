# SPDX-License-Identifier: Apache-2.0
"""All episodes of a dataset on one page: a picture, the task, the length, and a link where a page is drawn."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Callable, Mapping

from vla_ros.data.datasets.metadata import EpisodeMetadata
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.viewing.filling import fill, jpeg

PICTURE_WIDTH = 170  # [px]
PICTURES_MAX = 2000  # decoded for an index; a larger one is of words

TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">@POLICY@<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 1.5em auto; max-width: 1120px; padding: 0 10px; color: #222 }
h1 { font-size: 1.3em; margin-bottom: 0 } .note { color: #555 } code { background: #f3f3f3; padding: 0 3px }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(170px, 1fr)); gap: 12px; margin-top: 1em }
.episode { border: 1px solid #ddd; border-radius: 4px; padding: 6px; color: inherit; text-decoration: none }
a.episode:hover { border-color: #1f77b4 } .episode img { width: 100%; display: block }
.episode b { display: block; margin-top: 3px } .episode p { margin: 0; font-size: .9em; overflow-wrap: anywhere }
.episode small { color: #666 } [hidden] { display: none }
input { font: inherit; padding: 3px 6px; width: 20em }
</style></head><body>
<h1>@TITLE@</h1><p>@FACTS@</p>@NOTE@
<input id="words" type="search" placeholder="show tasks with these words" aria-label="show tasks with these words">
<span id="count"></span>
<div class="grid">@EPISODES@</div>
<script>
const words = document.getElementById("words"), all = [...document.querySelectorAll(".episode")];
function show() {
  const wanted = words.value.toLowerCase().split(/\\s+/);
  for (const one of all) one.hidden = !wanted.every((word) => one.textContent.toLowerCase().includes(word));
  document.getElementById("count").textContent = `${all.filter((one) => !one.hidden).length} of ${all.length} episodes`;
}
words.addEventListener("input", show);
show();
</script></body></html>
"""


def index_page(
    reader: LeRobotReader, pages: Mapping[int, str], progress: Callable[[float], None] = lambda share: None
) -> str:
    """Return the index; `pages` says where the page of an episode is, for those that have one."""
    metadata = reader.metadata
    name, fps = metadata.root.resolve().name, metadata.fps
    tasks = Counter(words for episode in metadata.episodes for words in episode.tasks)
    facts = (
        f"{len(metadata.episodes)} episodes, {metadata.frames} frames, {metadata.frames / fps / 60:.1f} min at "
        f"{fps} Hz, "
        f"{len(tasks)} task{'s' * (len(tasks) != 1)}, robot {metadata.robot or 'unknown'}, "
        f"contract {metadata.contract.name if metadata.contract else 'none'}"
    )
    undrawn = next((e.index for e in metadata.episodes if e.index not in pages), None)
    note = ""
    if undrawn is not None:
        command = f"vla dataset view {name} --episode {undrawn}"
        note = (
            f"<p class=note>{len(pages)} episodes have a page; <code>{html.escape(command)}</code> draws another.</p>"
        )
    cards = []
    for done, episode in enumerate(metadata.episodes, 1):
        cards.append(_card(reader, episode, pages.get(episode.index, ""), done <= PICTURES_MAX))
        progress(done / len(metadata.episodes))
    return fill(
        TEMPLATE,
        {"TITLE": html.escape(name), "FACTS": html.escape(facts), "NOTE": note, "EPISODES": "\n".join(cards)},
    )


def _card(reader: LeRobotReader, episode: EpisodeMetadata, page: str, pictured: bool) -> str:
    picture = ""
    if pictured and reader.metadata.video_keys:
        image = reader.image(reader.metadata.video_keys[0], episode.start + episode.length // 2)
        picture = f'<img loading="lazy" alt="" src="data:image/jpeg;base64,{jpeg(image, PICTURE_WIDTH)}">'
    said = (
        f"<b>episode {episode.index}</b><p>{html.escape(' / '.join(episode.tasks))}</p>"
        f"<small>{episode.length / reader.metadata.fps:.1f} s, {episode.length} frames</small>"
    )
    if page:
        return f'<a class=episode href="{html.escape(page)}">{picture}{said}</a>'
    return f"<div class=episode>{picture}{said}</div>"

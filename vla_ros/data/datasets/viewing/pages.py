# SPDX-License-Identifier: Apache-2.0
"""The folder of a dataset's pages: beside the dataset, never in it, and pages drawn earlier stay."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.viewing.episode_page import PageLinks, episode_page
from vla_ros.data.datasets.viewing.index_page import index_page
from vla_ros.output_file import write_output

DRAWN_MAX = 50  # episodes that get a page unasked: each takes a second and a megabyte or two
INDEX = "index.html"


def pages_folder(root: Path) -> Path:
    """Return where the pages of a dataset go."""
    whole = root.resolve()
    return whole.parent / f"{whole.name}_view"


def draw_pages(
    reader: LeRobotReader,
    folder: Path,
    episodes: Sequence[int] = (),
    progress: Callable[[float], None] = lambda share: None,
) -> Path:
    """Draw the pages of these episodes, default the first ones, and an index over all; return the index.

    Raises ConfigError for an episode that is none, or a folder that cannot be written.
    """
    metadata = reader.metadata
    count = len(metadata.episodes)
    wanted = list(episodes) or list(range(min(count, DRAWN_MAX)))
    for number in wanted:
        if not 0 <= number < count:
            raise ConfigError(f"{metadata.root}: episode {number} is not one of 0 to {count - 1}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be written ({error.strerror}): name another place with --output") from None
    newest = (metadata.root / "meta" / "info.json").stat().st_mtime
    there = {
        int(found[1])
        for path in folder.glob("episode_*.html")
        if (found := re.fullmatch(r"episode_(\d{6})\.html", path.name)) and path.stat().st_mtime >= newest
    }
    linked = sorted(number for number in there | set(wanted) if number < count)
    pages = {number: f"episode_{number:06d}.html" for number in linked}
    for done, number in enumerate(wanted, 1):
        links = PageLinks(INDEX, pages.get(number - 1, ""), pages.get(number + 1, ""))
        write_output("--output", folder / pages[number], episode_page(reader, number, links))
        progress(0.8 * done / len(wanted))
    index = index_page(reader, pages, lambda share: progress(0.8 + 0.2 * share))
    write_output("--output", folder / INDEX, index)
    return folder / INDEX

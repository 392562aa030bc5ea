# SPDX-License-Identifier: Apache-2.0
"""What is known of an episode from its bag: length, result, quality and why, kept beside its pictures."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from controllers.errors import ConfigError, VlaError
from vla_ros.configuration import build
from vla_ros.data.bags.episodes import BagEpisode, read_episodes
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.bag_judgement import judge_bag
from vla_ros.data.quality.config import load_quality_config
from vla_ros.documents import read_json
from vla_ros.new_file import replace_file
from vla_ros.teleop.episodes.film import make_film

FILE, THUMBNAIL, VIDEO = "summary.json", "thumbnail.jpg", "video.mp4"
VERSION = 2  # older ones were judged without asking conversion: they are made anew


@dataclass(frozen=True)
class Summary:
    """An episode in figures."""

    version: int = VERSION
    instruction: str = ""
    success: bool | None = None
    duration_s: float = 0.0
    quality: float | None = None  # 0 to 100; None: it could not be judged
    marks: tuple[str, ...] = ()  # why the quality is not 100, and what else is to be known
    frames: int = 0  # of the film
    problem: str = ""  # why there is no more to be said


def summarise(bag_folder: Path, folder: Path) -> Summary:
    """Judge a bag and make its film and picture in `folder`, then the summary, last. Raises VlaError."""
    folder.mkdir(parents=True, exist_ok=True)
    with BagReader(bag_folder) as bag:
        judgements = judge_bag(bag, load_quality_config())[:1]
        episode = judgements[0].data.episode if judgements else _whole(bag)
        frames = make_film(bag, episode, folder / f".{VIDEO}", folder / f".{THUMBNAIL}")
        ended = bag.custom_data.get("ended", "")
    for name in (VIDEO, THUMBNAIL):
        if (folder / f".{name}").exists():
            (folder / f".{name}").replace(folder / name)
    marks = [f"recording ended early: {ended}"] if ended else []
    marks += [reason for judgement in judgements for reason in judgement.reasons]
    quality = judgements[0].score if judgements and math.isfinite(judgements[0].score) else None
    summary = Summary(
        instruction=episode.instruction,
        success=episode.success,
        duration_s=round(episode.duration_s, 3),
        quality=None if quality is None else round(quality, 1),
        marks=tuple(marks),
        frames=frames,
    )
    write_summary(folder, summary)
    return summary


def write_summary(folder: Path, summary: Summary) -> None:
    """Write it, whole or not at all."""
    replace_file(folder / FILE, (json.dumps(asdict(summary), ensure_ascii=False, indent=2) + "\n").encode())


def read_summary(folder: Path) -> Summary | None:
    """Return an episode's summary; None where there is none yet, one of another version, or a damaged one."""
    try:
        content: dict[str, Any] = read_json(folder / FILE)
    except ConfigError:
        return None
    if not isinstance(content, dict) or content.get("version") != VERSION:
        return None
    known = {field.name for field in fields(Summary)}
    values: dict[str, Any] = {key: value for key, value in content.items() if key in known}
    try:
        return build(Summary, values, FILE)
    except ConfigError:
        return None


def bag_episode(bag_folder: Path) -> tuple[BagEpisode, str]:
    """Return a bag's first episode, and why the recording was ended early. Raises VlaError."""
    with BagReader(bag_folder) as bag:
        episodes = read_episodes(bag)
        return (episodes[0] if episodes else _whole(bag)), bag.custom_data.get("ended", "")


def _whole(bag: BagReader) -> BagEpisode:
    if not bag.count:
        raise VlaError(f"{bag.files.path}: holds no message")
    return BagEpisode(0, bag.start, bag.end, finished=False, marked=False)

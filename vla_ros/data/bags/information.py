# SPDX-License-Identifier: Apache-2.0
"""What is in a bag, found without reading its messages (but for the few that mark episodes)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controllers.errors import ConfigError
from vla_ros.data.bags.episodes import BagEpisode, read_episodes
from vla_ros.data.bags.notes import CONTRACT
from vla_ros.data.bags.reader import BagReader
from vla_ros.documents import parse_json


@dataclass(frozen=True)
class TopicInformation:
    """A topic of a bag."""

    name: str
    type: str
    count: int
    rate_hz: float  # of its messages over the whole bag
    latched: bool


@dataclass(frozen=True)
class BagInformation:
    """A bag in figures."""

    path: str
    files: int
    size: int  # [bytes] on the disk
    uncompressed: int  # [bytes] of the chunks before zstd
    start: int  # [ns] since the epoch
    duration_s: float
    messages: int
    topics: tuple[TopicInformation, ...]
    episodes: tuple[BagEpisode, ...]
    custom_data: Mapping[str, str]
    distribution: str


def bag_information(reader: BagReader) -> BagInformation:
    """Gather it."""
    duration = reader.duration_s
    topics = sorted(reader.topics.values(), key=lambda topic: topic.name)
    return BagInformation(
        path=str(reader.files.path),
        files=len(reader.files.paths),
        size=sum(path.stat().st_size for path in reader.files.paths),
        uncompressed=reader.uncompressed_size,
        start=reader.start,
        duration_s=duration,
        messages=reader.count,
        topics=tuple(
            TopicInformation(
                topic.name,
                topic.type,
                topic.count,
                (topic.count - 1) / duration if topic.count > 1 and duration > 0.0 else 0.0,
                bool(topic.qos) and all(profile.latched for profile in topic.qos),
            )
            for topic in topics
        ),
        episodes=tuple(read_episodes(reader)),
        custom_data=reader.custom_data,
        distribution=reader.files.distribution,
    )


def as_json(information: BagInformation) -> dict[str, Any]:
    """Return the figures, ready to be written as JSON."""
    return {
        "path": information.path,
        "files": information.files,
        "size_bytes": information.size,
        "uncompressed_bytes": information.uncompressed,
        "start_s": information.start * 1e-9,
        "duration_s": information.duration_s,
        "messages": information.messages,
        "topics": {
            topic.name: {
                "type": topic.type, "messages": topic.count, "rate_hz": round(topic.rate_hz, 3),
                "latched": topic.latched,
            }
            for topic in information.topics
        },
        "episodes": [episode_json(episode, information.start) for episode in information.episodes],
        "custom_data": dict(information.custom_data),
    }  # fmt: skip


def episode_json(episode: BagEpisode, start: int) -> dict[str, Any]:
    """Return an episode; times in [s] since `start` [ns]."""
    return {
        "number": episode.number,
        "begin_s": round((episode.begin - start) * 1e-9, 3),
        "duration_s": round(episode.duration_s, 3),
        "instruction": episode.instruction,
        "success": episode.success,
        "failure": episode.failure,
        "marked": episode.marked,
        "finished": episode.finished,
        "interventions": [
            {"begin_s": round((item.begin - start) * 1e-9, 3), "end_s": round((item.end - start) * 1e-9, 3)}
            for item in episode.interventions
        ],
    }


def as_text(information: BagInformation) -> str:
    """Return the figures as lines."""
    written = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(information.start * 1e-9)) if information.start else "-"
    saved = 100.0 * (1.0 - information.size / information.uncompressed) if information.uncompressed else 0.0
    files = f"{information.files} files, " if information.files > 1 else ""
    lines = [
        f"{information.path}: {files}{information.size / 1e6:.1f} MB"
        + (f", {saved:.0f} % saved by compression" if saved > 1.0 else ""),
        f"{written}, {information.duration_s:.2f} s, "
        f"{information.messages} messages of {len(information.topics)} topics",
    ]
    lines += [f"{name}: {_noted(name, value)}" for name, value in information.custom_data.items()]
    width = max((len(topic.name) for topic in information.topics), default=0)
    lines.append("")
    for topic in information.topics:
        rate = "latched" if topic.latched else f"{topic.rate_hz:.1f} Hz" if topic.rate_hz else ""
        lines.append(f"  {topic.name:<{width}}  {topic.count:>8}  {rate:>9}  {topic.type}")
    marked = [episode for episode in information.episodes if episode.marked]
    if marked:
        lines.append("")
    lines += [f"  {episode_line(episode, information.start)}" for episode in marked]
    return "\n".join(lines)


def _noted(name: str, value: str) -> str:
    """Return a note in words: of a contract its name alone."""
    if name != CONTRACT:
        return value
    try:
        return str(parse_json(value, name)["name"])
    except (ConfigError, KeyError, TypeError):
        return value


def episode_line(episode: BagEpisode, start: int) -> str:
    """Return an episode in one line."""
    begin = (episode.begin - start) * 1e-9
    result = {
        True: "success",
        False: f"failure ({episode.failure})" if episode.failure else "failure",
        None: "no result",
    }
    words = [f"episode {episode.number} from {begin:.2f} s, {episode.duration_s:.2f} s"]
    words += [f'"{episode.instruction}"'] if episode.instruction else []
    words.append(result[episode.success] if episode.finished else "no end marked")
    if episode.interventions:
        total = sum(item.end - item.begin for item in episode.interventions) * 1e-9
        words.append(f"{len(episode.interventions)} interventions, {total:.1f} s")
    return ": ".join((words[0], ", ".join(words[1:])))

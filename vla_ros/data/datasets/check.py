# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong with a dataset, each with its place: read back, not believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING
from vla_ros.data.datasets.layout import COUNT_STATS, FilePlace
from vla_ros.data.datasets.metadata import DatasetMetadata, EpisodeMetadata, dataset_statistics, load_metadata
from vla_ros.data.datasets.reader import episode_columns
from vla_ros.data.datasets.schema import check_dataset
from vla_ros.data.datasets.statistics import REQUIRED
from vla_ros.data.datasets.video import decode_range, open_video
from vla_ros.policies.contract import DataContract

TIMESTAMP_TOLERANCE = 1e-4  # [s] between a frame's time stamp and its place in the video
RATE_TOLERANCE = 0.01  # of what a container says of its average; every frame's time is looked at anyway


def check(
    root: Path | str,
    contract: DataContract | None = None,
    deep: bool = False,
    progress: Callable[[float], None] = lambda share: None,
) -> list[str]:
    """Return what is wrong, one line each; nothing for a good dataset. `deep` decodes every picture too.

    Raises ConfigError when the metadata cannot be read at all.
    """
    metadata = load_metadata(root)
    findings: list[str] = []
    wanted = contract or metadata.contract
    if wanted is not None:
        findings += _said(lambda: check_dataset(wanted, metadata))
    findings += _totals(metadata)
    findings += _statistics(metadata)
    findings += _strays(metadata)
    work = len(metadata.episodes) * (1 + len(metadata.video_keys))
    done = 0
    for episode in metadata.episodes:
        findings += [f"episode {episode.index}: {line}" for line in episode_findings(metadata, episode)]
        done += 1
        progress(done / max(1, work))
    for key in metadata.video_keys:
        places: defaultdict[FilePlace, list[EpisodeMetadata]] = defaultdict(list)
        for episode in metadata.episodes:
            places[episode.videos[key].place].append(episode)
        for place, episodes in places.items():
            path = metadata.video_path(key, place)
            try:
                findings += [f"{path}: {line}" for line in _video(metadata, key, path, episodes, deep)]
            except VlaError as error:
                findings.append(str(error))
            done += len(episodes)
            progress(done / max(1, work))
    return findings


def episode_findings(metadata: DatasetMetadata, episode: EpisodeMetadata) -> list[str]:
    """Return what is wrong with an episode's numbers."""
    try:
        columns = episode_columns(metadata, episode)
    except VlaError as error:
        return [str(error)]
    length = episode.length
    if length < 1:
        return ["is empty"]
    found = []
    for name, expected in (
        ("frame_index", np.arange(length)),
        ("index", episode.start + np.arange(length)),
        ("timestamp", (np.arange(length) / metadata.fps).astype(np.float32)),
    ):
        wrong = np.abs(columns[name] - expected) > (TIMESTAMP_TOLERANCE if name == "timestamp" else 0)
        if wrong.any():
            frame = int(np.argmax(wrong))
            found.append(f"{name} of frame {frame} is {columns[name][frame]}, expected {expected[frame]}")
    numbers = columns["task_index"]
    if numbers.min() < 0 or numbers.max() >= len(metadata.tasks):
        found.append(f"task_index {int(numbers.max())} is not among {len(metadata.tasks)} tasks")
    for name, feature in metadata.features.items():
        if not feature.is_video and feature.dtype != STRING and not np.isfinite(columns[name]).all():
            found.append(f"'{name}' holds a value that is not finite")
    return found


def _video(
    metadata: DatasetMetadata, key: str, path: Path, episodes: list[EpisodeMetadata], deep: bool
) -> Iterator[str]:
    height, width = metadata.features[key].shape[:2]
    fps = metadata.fps
    with open_video(path) as source:
        stream = source.streams.video[0]
        if (stream.height, stream.width) != (height, width):
            yield f"is {stream.width}x{stream.height}, info.json says {width}x{height}"
        if abs(float(stream.average_rate or 0) / fps - 1) > RATE_TOLERANCE:
            yield f"runs at {stream.average_rate} Hz, the dataset at {fps} Hz"
        times = np.sort(
            [float(packet.pts * packet.time_base) for packet in source.demux(stream) if packet.pts is not None]
        )
    off = np.abs(times - np.arange(len(times)) / fps) > TIMESTAMP_TOLERANCE
    if off.any():
        frame = int(np.argmax(off))
        yield f"frame {frame} is shown at {times[frame]:.6f} s instead of {frame / fps:.6f} s"
    expected = sum(episode.length for episode in episodes)
    if len(times) != expected:
        yield f"holds {len(times)} frames, its {len(episodes)} episodes have {expected}"
    taken = 0  # frames
    for episode in sorted(episodes, key=lambda episode: episode.videos[key].from_timestamp):
        video = episode.videos[key]
        first, end = round(video.from_timestamp * fps), round(video.to_timestamp * fps)
        if end - first != episode.length:
            took = video.to_timestamp - video.from_timestamp
            yield f"episode {episode.index} takes {took:.3f} s for {episode.length} frames"
        if first != taken:
            what = "pictures of another episode" if first < taken else f"{first - taken} frames of no episode before it"
            yield f"episode {episode.index} begins at {video.from_timestamp:.3f} s and has {what}"
        taken = max(taken, end)
    if deep:
        yield from _decoded(metadata, path, len(times))


def _decoded(metadata: DatasetMetadata, path: Path, expected: int) -> Iterator[str]:
    with open_video(path) as source:
        try:
            count = sum(1 for _ in decode_range(source, metadata.fps, 0, expected))
        except VlaError as error:
            yield str(error).removeprefix(f"{path}: ")
            return
    if count != expected:
        yield f"{count} of {expected} pictures can be decoded"


def _totals(metadata: DatasetMetadata) -> Iterator[str]:
    for name, real in (
        ("total_episodes", len(metadata.episodes)),
        ("total_frames", metadata.frames),
        ("total_tasks", len(metadata.tasks)),
    ):
        if metadata.info.get(name) != real:
            yield f"meta/info.json: {name} is {metadata.info.get(name)}, there are {real}"
    for episode in metadata.episodes:
        unknown = [words for words in episode.tasks if words not in metadata.tasks]
        if unknown:
            yield f"episode {episode.index}: task '{unknown[0]}' is not in meta/tasks.parquet"


def _statistics(metadata: DatasetMetadata) -> Iterator[str]:
    try:
        statistics = dataset_statistics(metadata.root)
    except (VlaError, AttributeError, ValueError) as error:
        yield f"meta/stats.json: {error}"
        return
    for name, feature in {**metadata.features, **DEFAULT_FEATURES}.items():
        if feature.dtype == STRING:
            continue
        entry = statistics.get(name, {})
        missing = [key for key in REQUIRED if key not in entry]
        if missing:
            yield f"meta/stats.json: '{name}' lacks {missing[0]}: {COUNT_STATS}"
        elif not all(np.isfinite(values).all() for values in entry.values()):
            yield f"meta/stats.json: '{name}' holds a value that is not finite: {COUNT_STATS}"
        elif (entry["std"] < 0.0).any():
            yield f"meta/stats.json: '{name}' has a negative std: {COUNT_STATS}"
        elif ((entry["std"] == 0.0) & (entry["min"] != entry["max"])).any():  # zero is what a constant has
            yield f"meta/stats.json: '{name}' changes, yet its std is zero: {COUNT_STATS}"


def _strays(metadata: DatasetMetadata) -> Iterator[str]:
    """Yield files that a reader which takes every file in the folder would mix in."""
    known = {metadata.data_path(episode.data) for episode in metadata.episodes}
    for key in metadata.video_keys:
        known |= metadata.video_files(key)
    for folder, pattern in (("data", "*.parquet"), ("videos", "*.mp4")):
        for path in sorted((metadata.root / folder).rglob(pattern)):
            if path not in known:
                yield f"{path}: belongs to no episode: move it away"


def _said(question: Callable[[], None]) -> list[str]:
    try:
        question()
    except VlaError as error:
        return [str(error)]
    return []

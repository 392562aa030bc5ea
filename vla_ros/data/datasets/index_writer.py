# SPDX-License-Identifier: Apache-2.0
"""The meta/ folder of a dataset that grows: info, tasks, episodes with their statistics, statistics of all."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from vla_ros.data.datasets.contract_copy import keep_copy
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING
from vla_ros.data.datasets.layout import (
    CHUNKS_SIZE,
    CONTRACT,
    DATA_FILE_MB,
    DATA_PATH,
    EPISODES_FILE_MB,
    INFO,
    STATS,
    TASKS,
    VERSION,
    VIDEO_FILE_MB,
    VIDEO_PATH,
    FilePlace,
)
from vla_ros.data.datasets.metadata import (
    DatasetMetadata,
    EpisodeMetadata,
    episode_files,
    episode_statistics,
    episodes_path,
    episodes_place,
    tasks_table,
)
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.staging import StagedFolder
from vla_ros.data.datasets.statistics import NAMES, REQUIRED, column_statistics, merge_statistics
from vla_ros.policies.contract import contract_text

Numbers = dict[str, dict[str, np.ndarray]]


class IndexWriter:
    """Keep what meta/ says, add episodes to it, write it into the staged state."""

    def __init__(self, folder: StagedFolder, schema: DatasetSchema, metadata: DatasetMetadata | None) -> None:
        self._folder, self._schema = folder, schema
        self._info: dict[str, Any] = dict(metadata.info) if metadata else {}
        self.records: list[EpisodeMetadata] = list(metadata.episodes) if metadata else []
        self._statistics: list[Numbers] = _complete_statistics(metadata) if metadata else []
        self._tasks: dict[str, int] = {words: i for i, words in enumerate(metadata.tasks)} if metadata else {}
        self.frames = metadata.frames if metadata else 0
        # Rows of the last file, which is written anew; older files stay as they are.
        files = episode_files(metadata.root) if metadata else []
        self._place = episodes_place(files)
        self._committed = len(self.records)
        if not files:
            self._first_row = 0
        elif files[-1].stat().st_size > EPISODES_FILE_MB * 1_000_000:
            self._place, self._first_row = self._place.next(CHUNKS_SIZE), len(self.records)
        else:
            with pq.ParquetFile(files[-1]) as last:
                self._first_row = len(self.records) - last.metadata.num_rows

    @property
    def changed(self) -> bool:
        """Tell whether there is something to commit."""
        return len(self.records) > self._committed

    def last_data(self) -> FilePlace | None:
        """Return where the last data file is that was committed."""
        return self.records[self._committed - 1].data if self._committed else None

    def last_video(self, key: str) -> FilePlace | None:
        """Return where the last video file of a camera is that was committed."""
        return self.records[self._committed - 1].videos[key].place if self._committed else None

    def task_numbers(self, tasks: tuple[str, ...]) -> np.ndarray:
        """Return the dataset's number of each task; new ones are added."""
        return np.array([self._tasks.setdefault(words, len(self._tasks)) for words in tasks])

    def add(
        self,
        record: EpisodeMetadata,
        statistics: Mapping[str, Mapping[str, np.ndarray]],
        own: Mapping[str, np.ndarray],
    ) -> None:
        """Add an episode, its statistics and its columns that every dataset has."""
        measured = {name: column_statistics(values) for name, values in own.items()}
        self.records.append(record)
        self._statistics.append({name: dict(values) for name, values in statistics.items()} | measured)
        self.frames += record.length

    def write(self) -> None:
        """Stage meta/; what is added from now on belongs to the next commit."""
        path = self._folder.path
        pq.write_table(self._episode_table(), path(episodes_path(self._place)), compression="zstd")
        pq.write_table(tasks_table(tuple(self._tasks)), path(TASKS))
        path(INFO).write_text(json.dumps(self._full_info(), indent=4) + "\n")
        features = {**self._schema.features, **DEFAULT_FEATURES}
        merged = {
            name: merge_statistics([entry[name] for entry in self._statistics])
            for name, feature in features.items()
            if feature.dtype != STRING and _all_say(self._statistics, name, REQUIRED)
        }
        listed = {name: {key: entry[key].tolist() for key in NAMES if key in entry} for name, entry in merged.items()}
        path(STATS).write_text(json.dumps(listed, indent=4) + "\n")
        if self._schema.contract is not None:
            path(CONTRACT).write_text(contract_text(self._schema.contract))
        size = path(episodes_path(self._place)).stat().st_size
        self._committed = len(self.records)
        if size > EPISODES_FILE_MB * 1_000_000:
            self._place, self._first_row = self._place.next(CHUNKS_SIZE), len(self.records)

    def _episode_table(self) -> pa.Table:
        records, statistics = self.records[self._first_row :], self._statistics[self._first_row :]
        columns: dict[str, Any] = {
            "episode_index": [record.index for record in records],
            "tasks": pa.array([list(record.tasks) for record in records], pa.list_(pa.string())),
            "length": [record.length for record in records],
            "data/chunk_index": [record.data.chunk for record in records],
            "data/file_index": [record.data.file for record in records],
            "dataset_from_index": [record.start for record in records],
            "dataset_to_index": [record.start + record.length for record in records],
        }
        for key in (name for name, feature in self._schema.features.items() if feature.is_video):
            places = [record.videos[key] for record in records]
            columns[f"videos/{key}/chunk_index"] = [video.place.chunk for video in places]
            columns[f"videos/{key}/file_index"] = [video.place.file for video in places]
            columns[f"videos/{key}/from_timestamp"] = [video.from_timestamp for video in places]
            columns[f"videos/{key}/to_timestamp"] = [video.to_timestamp for video in places]
        columns["source"] = pa.array([record.source for record in records], pa.string())
        for name in dict.fromkeys(name for entry in statistics for name in entry):
            for key in NAMES:
                values = [entry.get(name, {}).get(key) for entry in statistics]
                if any(value is not None for value in values):
                    columns[f"stats/{name}/{key}"] = [None if value is None else value.tolist() for value in values]
        columns["meta/episodes/chunk_index"] = [self._place.chunk] * len(records)
        columns["meta/episodes/file_index"] = [self._place.file] * len(records)
        return pa.table(columns)

    def _full_info(self) -> dict[str, Any]:
        features = {}
        before = self._info.get("features", {})
        for name, feature in {**self._schema.features, **DEFAULT_FEATURES}.items():
            features[name] = dict(before.get(name) or feature.to_json())
            if feature.is_video and not features[name].get("info"):
                features[name]["info"] = {
                    "video.height": feature.shape[0],
                    "video.width": feature.shape[1],
                    "video.codec": self._schema.codec,
                    "video.pix_fmt": "yuv420p",
                    "video.is_depth_map": False,
                    "video.fps": self._schema.fps,
                    "video.channels": 3,
                    "has_audio": False,
                }
        keep_copy(features, self._schema.contract)
        has_video = any(feature.is_video for feature in self._schema.features.values())
        return {
            "codebase_version": VERSION,
            "robot_type": self._schema.robot,
            "total_episodes": len(self.records),
            "total_frames": self.frames,
            "total_tasks": len(self._tasks),
            "chunks_size": CHUNKS_SIZE,
            "data_files_size_in_mb": DATA_FILE_MB,
            "video_files_size_in_mb": VIDEO_FILE_MB,
            "fps": self._schema.fps,
            "splits": {"train": f"0:{len(self.records)}"},
            "data_path": DATA_PATH,
            "video_path": VIDEO_PATH if has_video else None,
            "features": features,
        }


def _complete_statistics(metadata: DatasetMetadata) -> list[Numbers]:
    """Return the statistics of every episode; what a foreign dataset does not say of numbers is measured.

    Of pictures it stays unsaid: all of them would have to be decoded.
    """
    found = episode_statistics(metadata.root)
    features = {**metadata.features, **DEFAULT_FEATURES}
    lacking = [
        name
        for name, feature in features.items()
        if not (feature.is_video or feature.dtype == STRING or _all_say(found, name, NAMES))
    ]
    if lacking:
        with LeRobotReader(metadata) as reader:
            for name in lacking:
                values = reader.column(name)
                for entry, record in zip(found, metadata.episodes, strict=True):
                    entry[name] = column_statistics(values[record.start : record.start + record.length])
    return found


def _all_say(statistics: Sequence[Numbers], feature: str, names: Sequence[str]) -> bool:
    return all(entry.get(feature, {}).keys() >= set(names) for entry in statistics)

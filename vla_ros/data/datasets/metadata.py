# SPDX-License-Identifier: Apache-2.0
"""What a dataset says of itself: info.json, tasks, episodes, statistics, contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from controllers.errors import ConfigError
from vla_ros.data.datasets.contract_copy import kept_copy
from vla_ros.data.datasets.features import DEFAULT_FEATURES, Feature, features_from_json
from vla_ros.data.datasets.layout import (
    CONTRACT,
    COUNT_STATS,
    DATA_PATH,
    EPISODES_PATH,
    INFO,
    STATS,
    TASKS,
    VIDEO_PATH,
    FilePlace,
    check_template,
    check_version,
    read_json,
)
from vla_ros.policies.contract import DataContract, contract_from_text

VALUES_MAX, SIZE_MAX = 200_000_000, 2 << 30  # of a parquet file, [B] unpacked; the format's files are 100 MB
EPISODE_KEYS = ("episode_index", "tasks", "length", "dataset_from_index", "dataset_to_index")


@dataclass(frozen=True)
class VideoPlace:
    """Where an episode of a camera lies."""

    place: FilePlace
    from_timestamp: float  # [s] in the file
    to_timestamp: float  # [s]


@dataclass(frozen=True)
class EpisodeMetadata:
    """One row of meta/episodes, without the statistics."""

    index: int
    tasks: tuple[str, ...]
    length: int
    start: int  # of its first frame in the dataset
    data: FilePlace
    videos: dict[str, VideoPlace]
    source: str = ""


@dataclass(frozen=True, eq=False)
class DatasetMetadata:
    """A dataset without its frames."""

    root: Path
    info: dict[str, Any]
    features: dict[str, Feature]  # without those every dataset has
    fps: int
    robot: str
    tasks: tuple[str, ...]
    episodes: tuple[EpisodeMetadata, ...]
    contract: DataContract | None

    @property
    def frames(self) -> int:
        """Return the number of frames."""
        return sum(episode.length for episode in self.episodes)

    @property
    def video_keys(self) -> tuple[str, ...]:
        """Name the video features."""
        return tuple(name for name, feature in self.features.items() if feature.is_video)

    def episode_of(self, rows: Sequence[int] | np.ndarray) -> np.ndarray:
        """Return of which episode each of these frames of the dataset is."""
        ends = np.cumsum([episode.length for episode in self.episodes])
        return np.searchsorted(ends, rows, side="right")

    def data_path(self, place: FilePlace) -> Path:
        """Return the path of a data file."""
        return self.root / place.path(self.info.get("data_path", DATA_PATH))

    def video_path(self, key: str, place: FilePlace) -> Path:
        """Return the path of a video file."""
        return self.root / place.path(self.info.get("video_path") or VIDEO_PATH, key)

    def video_files(self, key: str) -> set[Path]:
        """Return the paths of all video files of a feature."""
        return {self.video_path(key, episode.videos[key].place) for episode in self.episodes}


def load_metadata(root: Path | str) -> DatasetMetadata:
    """Read a dataset's metadata. Raises ConfigError that says what is missing, broken or of another version."""
    root = Path(root)
    if not root.is_dir():
        raise ConfigError(f"{root}: no such folder; give the folder of a LeRobotDataset (the one that holds meta/)")
    info = read_json(root / INFO)
    check_version(info, str(root))
    where = str(root / INFO)
    try:
        fps, entries = info["fps"], info["features"]
        features = features_from_json(entries, where)
        robot = info.get("robot_type") or ""
    except KeyError as error:
        raise ConfigError(f"{where}: {error} is missing: restore the file from a copy") from None
    if not isinstance(fps, int) or fps < 1:
        raise ConfigError(f"{where}: fps is {fps!r}, expected a whole number >= 1")
    own = {name: feature for name, feature in features.items() if name not in DEFAULT_FEATURES}
    keys = [name for name, feature in own.items() if feature.is_video]
    check_template(info.get("data_path", DATA_PATH), f"{where}: data_path")
    check_template(info.get("video_path") or VIDEO_PATH, f"{where}: video_path", keys)
    contract: DataContract | None
    if (root / CONTRACT).is_file():
        contract = contract_from_text((root / CONTRACT).read_text(errors="replace"), str(root / CONTRACT))
    else:
        contract = kept_copy(entries, where)
    return DatasetMetadata(root, info, own, fps, robot, _tasks(root), _episodes(root, keys), contract)


def episode_files(root: Path) -> list[Path]:
    """List the files of meta/episodes in order."""
    return sorted((root / "meta" / "episodes").glob("chunk-*/file-*.parquet"))


def read_table(path: Path, wanted: Callable[[str], bool] = lambda name: True) -> pa.Table:
    """Read the wanted columns of a parquet file. Raises ConfigError when it is missing or broken."""
    try:
        with pq.ParquetFile(path) as file:
            _check_size(file.metadata, path)
            table = file.read(columns=[name for name in file.schema_arrow.names if wanted(name)])
            table.validate(full=True)  # that text is text, and lists end where they say
            return table
    except (OSError, pa.ArrowException, ValueError, MemoryError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise ConfigError(f"{path}: cannot be read ({reason}): restore it from a copy") from None


def _check_size(said: pq.FileMetaData, path: Path) -> None:
    """Refuse a file that means more than memory holds: a column of one value is a few bytes however long it is."""
    columns = [said.row_group(i).column(k) for i in range(said.num_row_groups) for k in range(said.num_columns)]
    values, size = sum(c.num_values for c in columns), sum(c.total_uncompressed_size for c in columns)
    if values > VALUES_MAX or size > SIZE_MAX:
        raise ConfigError(
            f"{path}: {values} values, {size / 1e6:.0f} MB unpacked; allowed are {VALUES_MAX} and "
            f"{SIZE_MAX / 1e6:.0f} MB: write the dataset again, in more files"
        )


def episode_statistics(root: Path) -> list[dict[str, dict[str, np.ndarray]]]:
    """Return the statistics of every episode: feature → statistic → numbers."""
    rows: list[dict[str, dict[str, np.ndarray]]] = []
    for path in episode_files(root):
        for row in read_table(path, lambda name: name.startswith("stats/")).to_pylist():
            features: dict[str, dict[str, np.ndarray]] = {}
            for name, value in row.items():
                if value is not None:
                    feature, _, statistic = name.removeprefix("stats/").rpartition("/")
                    features.setdefault(feature, {})[statistic] = np.asarray(value)
            rows.append(features)
    return rows


def dataset_statistics(root: Path) -> dict[str, dict[str, np.ndarray]]:
    """Return meta/stats.json: feature → statistic → numbers."""
    values = read_json(root / STATS)
    try:
        found = {name: {key: np.array(numbers) for key, numbers in entry.items()} for name, entry in values.items()}
    except (AttributeError, ValueError):
        raise ConfigError(f"{root / STATS}: no statistics by feature: {COUNT_STATS}") from None
    for name, entry in found.items():
        for key, numbers in entry.items():
            if numbers.dtype.kind not in "fiub":
                raise ConfigError(f"{root / STATS}: {key} of '{name[:40]}' is no number: {COUNT_STATS}")
    return found


def tasks_table(tasks: tuple[str, ...]) -> pa.Table:
    """Return meta/tasks.parquet, whose words are pandas' index, as lerobot reads them."""
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks, pa.string())})
    column = {"field_name": None, "metadata": None}
    described = {
        "index_columns": ["task"],
        "column_indexes": [{"name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object",
                            "metadata": {"encoding": "UTF-8"}}],
        "columns": [
            column | {"name": "task_index", "field_name": "task_index", "pandas_type": "int64", "numpy_type": "int64"},
            column | {"name": "task", "field_name": "task", "pandas_type": "unicode", "numpy_type": "object"},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }  # fmt: skip
    return table.replace_schema_metadata({"pandas": json.dumps(described)})


def _tasks(root: Path) -> tuple[str, ...]:
    table = read_table(root / TASKS)
    names = [name for name in table.column_names if name != "task_index"]
    if "task_index" not in table.column_names or len(names) != 1:
        raise ConfigError(f"{root / TASKS}: has columns {table.column_names}, expected task and task_index")
    columns = (table["task_index"].type, table[names[0]].type)
    if not (pa.types.is_integer(columns[0]) and _is_text(columns[1])) or any(c.null_count for c in table.columns):
        raise ConfigError(f"{root / TASKS}: task_index must be whole numbers and task words: write the dataset again")
    pairs = sorted(zip(table["task_index"].to_pylist(), table[names[0]].to_pylist(), strict=True))
    if [number for number, _ in pairs] != list(range(len(pairs))):
        raise ConfigError(f"{root / TASKS}: task_index does not count from 0: write the dataset again")
    return tuple(words for _, words in pairs)


def _episodes(root: Path, keys: list[str]) -> tuple[EpisodeMetadata, ...]:
    records: list[EpisodeMetadata] = []
    for path in episode_files(root):
        for row in read_table(path, lambda name: not name.startswith("stats/")).to_pylist():
            try:
                records.append(_record(row, keys))
            except (KeyError, TypeError, ValueError) as error:
                raise ConfigError(f"{path}: an episode lacks {error}: write the dataset again") from None
    records.sort(key=lambda record: record.index)
    start = 0
    for number, record in enumerate(records):
        if record.index != number or record.start != start:
            raise ConfigError(
                f"{root}: episode {number} is missing or out of place (found {record.index} from frame {record.start}, "
                f"expected frame {start}): restore meta/episodes from a copy"
            )
        start += record.length
    return tuple(records)


def _record(row: dict[str, Any], keys: list[str]) -> EpisodeMetadata:
    videos = {
        key: VideoPlace(
            FilePlace(_whole(row, f"videos/{key}/chunk_index"), _whole(row, f"videos/{key}/file_index")),
            _seconds(row, f"videos/{key}/from_timestamp"),
            _seconds(row, f"videos/{key}/to_timestamp"),
        )
        for key in keys
    }
    start = _whole(row, "dataset_from_index")
    return EpisodeMetadata(
        _whole(row, "episode_index"),
        tuple(row["tasks"]),
        _whole(row, "dataset_to_index") - start,
        start,
        FilePlace(_whole(row, "data/chunk_index"), _whole(row, "data/file_index")),
        videos,
        row.get("source") or "",
    )


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _whole(row: dict[str, Any], key: str) -> int:
    if not isinstance(row[key], int):
        raise TypeError(f"a whole number in '{key}'")
    return row[key]


def _seconds(row: dict[str, Any], key: str) -> float:
    if not isinstance(row[key], (int, float)) or not 0.0 <= row[key] < 1e9:
        raise TypeError(f"a time in '{key}'")
    return row[key]


def episodes_place(files: list[Path]) -> FilePlace:
    """Return the number of the last file of meta/episodes, the first one's when there is none."""
    if not files:
        return FilePlace(0, 0)
    return FilePlace(int(files[-1].parent.name.removeprefix("chunk-")), int(files[-1].stem.removeprefix("file-")))


def episodes_path(place: FilePlace) -> str:
    """Return the path of a file of meta/episodes."""
    return place.path(EPISODES_PATH)

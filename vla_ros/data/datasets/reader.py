# SPDX-License-Identifier: Apache-2.0
"""Any frame of a LeRobotDataset, with its neighbours, fast enough to train from.

Numbers are held in memory; images are decoded where they are requested, straight to the wanted size, or come from a
frame cache (frame_cache.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
import pyarrow as pa

from controllers.errors import ConfigError, unknown_name
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING, Feature
from vla_ros.data.datasets.frame_cache import FrameCache
from vla_ros.data.datasets.metadata import DatasetMetadata, EpisodeMetadata, load_metadata, read_table
from vla_ros.data.datasets.video_reader import VideoReader


class LeRobotReader:
    """Read frames by their index in the dataset, 0 to len - 1.

    `image_size` is height, width [px] of the images it returns, default the stored size; `cache` a folder for decoded
    frames of that size. Raises ConfigError for a dataset or a size that cannot be read.
    """

    def __init__(
        self,
        root: Path | str | DatasetMetadata,
        image_size: tuple[int, int] | None = None,
        cache: Path | str | None = None,
        progress: Callable[[str, float], None] | None = None,
        videos: Sequence[str] | None = None,
    ) -> None:
        """Open a dataset; `progress` is told which camera's cache is being made, and the share that is done.

        `videos` are the keys of those that are read, default all.
        """
        self.metadata = root if isinstance(root, DatasetMetadata) else load_metadata(root)
        if image_size is not None and min(image_size) < 1:
            raise ConfigError(f"image size {image_size[0]}x{image_size[1]}: give height and width >= 1 px")
        self._columns = _load_columns(self.metadata)
        episodes = self.metadata.episodes
        self._starts = np.array([episode.start for episode in episodes], dtype=np.int64)
        self._ends = np.array([episode.start + episode.length for episode in episodes], dtype=np.int64)
        keys = self.metadata.video_keys if videos is None else videos
        self._videos = {key: VideoReader(self.metadata, key, image_size) for key in keys}
        self._caches: dict[str, FrameCache] = {}
        if cache is not None:
            for key, video in self._videos.items():
                told = None if progress is None else partial(progress, key)
                self._caches[key] = FrameCache(Path(cache), video, told)

    def __len__(self) -> int:
        return self.metadata.frames

    def __getitem__(self, index: int) -> dict[str, np.ndarray | str]:
        """Return one frame: each feature, the images as (H, W, 3) uint8, and the task's words."""
        self._check(index)
        frame: dict[str, np.ndarray | str] = {name: column[index] for name, column in self._columns.items()}
        for key in self._videos:
            frame[key] = self.image(key, index)
        frame["task"] = self.task(index)
        return frame

    def column(self, name: str) -> np.ndarray:
        """Return a whole column (frames, *shape), not to be written to. Raises ConfigError for an unknown one."""
        if name not in self._columns:
            raise ConfigError(f"{self.metadata.root}: {unknown_name('column', name, self._columns)}")
        return self._columns[name]

    def window(self, name: str, index: int, offsets: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return a column at frames `index + offsets` (N, *shape), and which of them (N,) lie in the episode.

        Beyond the episode its first or last frame stands in. For an action chunk: offsets 0 to horizon - 1.
        """
        self._check(index)
        frames = index + np.asarray(offsets)
        episode = self.episode_of(index)
        first, last = self._starts[episode], self._ends[episode] - 1
        return self.column(name)[np.clip(frames, first, last)], (frames >= first) & (frames <= last)

    def image(self, key: str, index: int) -> np.ndarray:
        """Return a camera's frame (H, W, 3) uint8 RGB."""
        self._check(index)
        if key not in self._videos:
            raise ConfigError(f"{self.metadata.root}: {unknown_name('camera', key, self._videos)}")
        if key in self._caches:
            return self._caches[key].image(index)
        episode = self.metadata.episodes[self.episode_of(index)]
        return self._videos[key].image(episode, index - episode.start)

    def images(self, key: str, episode: int) -> Iterator[np.ndarray]:
        """Yield a camera's frames of an episode in order, faster than one by one."""
        yield from self._videos[key].images(self.metadata.episodes[episode])

    def episode_of(self, index: int) -> int:
        """Return the episode that a frame belongs to."""
        return int(np.searchsorted(self._ends, index, side="right"))

    def task(self, index: int) -> str:
        """Return a frame's task in words."""
        return self.metadata.tasks[int(self._columns["task_index"][index])]

    def close(self) -> None:
        """Close the video files."""
        for video in self._videos.values():
            video.close()

    def __enter__(self) -> LeRobotReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of a dataset of {len(self)} frames")


def episode_columns(metadata: DatasetMetadata, episode: EpisodeMetadata) -> dict[str, np.ndarray]:
    """Read one episode's columns (T, *shape). Raises ConfigError when its file is broken or lacks frames."""
    path = metadata.data_path(episode.data)
    table = read_table(path)
    if "episode_index" not in table.column_names:
        raise ConfigError(f"{path}: has no column episode_index: write the dataset again")
    if not pa.types.is_integer(table["episode_index"].type):
        raise ConfigError(f"{path}: episode_index must be whole numbers: write the dataset again")
    rows = np.flatnonzero(table["episode_index"].to_numpy() == episode.index)
    if len(rows) != episode.length:
        raise ConfigError(f"{path}: holds {len(rows)} of the {episode.length} frames of episode {episode.index}")
    return _table_columns(metadata, table.take(rows), str(path))


def _load_columns(metadata: DatasetMetadata) -> dict[str, np.ndarray]:
    places = list(dict.fromkeys(episode.data for episode in metadata.episodes))
    parts = []
    for place in places:
        path = metadata.data_path(place)
        parts.append(_table_columns(metadata, read_table(path), str(path)))
    if not parts:
        raise ConfigError(f"{metadata.root}: holds no episode: record or convert some first")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if not np.array_equal(columns["index"], np.arange(metadata.frames)):
        raise ConfigError(f"{metadata.root}: frames of the data files are missing or out of order: run dataset check")
    for column in columns.values():
        column.flags.writeable = False
    return columns


def _table_columns(metadata: DatasetMetadata, table: pa.Table, where: str) -> dict[str, np.ndarray]:
    features: Mapping[str, Feature] = {**metadata.features, **DEFAULT_FEATURES}
    columns = {}
    for name, feature in features.items():
        if feature.is_video:
            continue
        if name not in table.column_names:
            raise ConfigError(f"{where}: has no column '{name}', which info.json names")
        columns[name] = _column_array(table[name].combine_chunks(), feature, f"{where}: {name}")
    return columns


def _column_array(column: pa.ChunkedArray | pa.Array, feature: Feature, where: str) -> np.ndarray:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if feature.dtype == STRING:
        return np.array(array.to_pylist(), dtype=object)
    rows = len(array)
    while isinstance(array.type, pa.ListType | pa.FixedSizeListType | pa.LargeListType):
        array = array.flatten()
    try:
        values = array.to_numpy(zero_copy_only=False).astype(feature.dtype)
    except (ValueError, TypeError):
        raise ConfigError(f"{where}: holds {array.type}, info.json says {feature.dtype}") from None
    if values.size != rows * int(np.prod(feature.shape)):
        raise ConfigError(f"{where}: holds {values.size} numbers in {rows} frames of shape {list(feature.shape)}")
    return values if feature.shape == (1,) else values.reshape(rows, *feature.shape)

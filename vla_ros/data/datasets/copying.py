# SPDX-License-Identifier: Apache-2.0
"""An episode out of a dataset as it is, its pictures not decoded where that can be, to go into another one."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from controllers.errors import ConfigError, VlaError
from vla_ros.data.datasets.check import episode_findings
from vla_ros.data.datasets.episode import EncodedEpisode
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING
from vla_ros.data.datasets.layout import FilePlace
from vla_ros.data.datasets.metadata import DatasetMetadata, EpisodeMetadata, episode_statistics
from vla_ros.data.datasets.reader import episode_columns
from vla_ros.data.datasets.relaxed import read_relaxed
from vla_ros.data.datasets.schema import metadata_schema
from vla_ros.data.datasets.statistics import NAMES, ImageStatistics, column_statistics
from vla_ros.data.datasets.video import (
    EncodedVideo,
    NotCopyable,
    VideoEncoder,
    VideoFileWriter,
    decode_range,
    open_video,
)


class EpisodeSource:
    """Take episodes out of one dataset."""

    def __init__(self, metadata: DatasetMetadata) -> None:
        self.metadata = metadata
        self._statistics = episode_statistics(metadata.root)
        self._relaxed = read_relaxed(metadata.root)
        self._open: dict[str, tuple[FilePlace, Any]] = {}

    def episode(
        self, record: EpisodeMetadata, deep: bool = False, cameras: Sequence[str] | None = None
    ) -> EncodedEpisode:
        """Return an episode, with the videos of these features, default all. Raises VlaError for a corrupt one.

        `deep` decodes its pictures to be sure of them.
        """
        found = episode_findings(self.metadata, record)
        if found:
            raise VlaError(found[0])
        columns = episode_columns(self.metadata, record)
        own = {name: values for name, values in columns.items() if name not in DEFAULT_FEATURES}
        statistics = {
            name: column_statistics(values)
            for name, values in own.items()
            if self.metadata.features[name].dtype != STRING
        }
        videos = {
            key: self._video(key, record, deep) for key in (self.metadata.video_keys if cameras is None else cameras)
        }
        statistics |= {key: video.statistics for key, video in videos.items()}
        numbers = list(dict.fromkeys(columns["task_index"].tolist()))
        tasks = tuple(self.metadata.tasks[number] for number in numbers)
        task_of_frame = np.array([numbers.index(number) for number in columns["task_index"].tolist()])
        relaxed = self._relaxed.get(record.source, 0.0)
        return EncodedEpisode(record.length, own, videos, tasks, task_of_frame, statistics, record.source, relaxed)

    def images(self, key: str, record: EpisodeMetadata, first: int, count: int) -> Iterator[np.ndarray]:
        """Yield pictures (H, W, 3) uint8 of a camera. Raises VlaError when one lacks or is damaged."""
        source = self._file(key, record.videos[key].place)
        yield from self._images(
            key, source, round(record.videos[key].from_timestamp * self.metadata.fps) + first, count
        )

    def close(self) -> None:
        """Close the files."""
        for _, file in self._open.values():
            file.close()
        self._open.clear()

    def _video(self, key: str, record: EpisodeMetadata, deep: bool) -> EncodedVideo:
        source, fps = self._file(key, record.videos[key].place), self.metadata.fps
        stream = source.streams.video[0]
        height, width = self.metadata.features[key].shape[:2]
        if (stream.height, stream.width) != (height, width):
            raise VlaError(
                f"camera '{key}' is {stream.width}x{stream.height} in the file, {width}x{height} in info.json"
            )
        start = round(record.videos[key].from_timestamp * fps)
        buffer = io.BytesIO()
        writer = VideoFileWriter(buffer, fps)
        try:
            writer.append(source, start, record.length)
        except NotCopyable:
            return self._encoded(key, source, start, record.length)
        finally:
            writer.close()
        measured = self._statistics[record.index].get(key, {})
        if deep or not all(name in measured for name in NAMES):
            counted = ImageStatistics()
            for image in self._images(key, source, start, record.length):
                counted.add(image)
            measured = counted.result()
        return EncodedVideo(buffer.getvalue(), record.length, measured)

    def _encoded(self, key: str, source: Any, start: int, count: int) -> EncodedVideo:
        """Encode frames again: others' files may have no key frame where an episode begins, or frames out of order."""
        height, width = self.metadata.features[key].shape[:2]
        encoder = VideoEncoder(height, width, self.metadata.fps, metadata_schema(self.metadata).codec)
        for image in self._images(key, source, start, count):
            encoder.add(image)
        return encoder.finish()

    def _images(self, key: str, source: Any, start: int, count: int) -> Iterator[np.ndarray]:
        found = 0
        for frame in decode_range(source, self.metadata.fps, start, count):
            yield frame.to_ndarray(format="rgb24")
            found += 1
        if found != count:
            raise VlaError(f"camera '{key}': {found} of {count} pictures can be decoded")

    def _file(self, key: str, place: FilePlace) -> Any:
        before = self._open.get(key)
        if before is None or before[0] != place:
            if before is not None:
                before[1].close()
                del self._open[key]
            path = self.metadata.video_path(key, place)
            if not path.is_file():
                raise ConfigError(f"{path}: is missing")
            self._open[key] = (place, open_video(path))
        return self._open[key][1]

# SPDX-License-Identifier: Apache-2.0
"""Write a LeRobotDataset v3.0: append episodes, then make all of them visible in one rename.

Files are filled up to the sizes that info.json names. The last file of each kind is copied when more goes into it,
so that what is there is never touched (staging.py says why).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import av
import pyarrow as pa
import pyarrow.parquet as pq

from controllers.errors import ConfigError
from vla_ros.data.datasets.episode import EncodedEpisode, index_columns
from vla_ros.data.datasets.features import DEFAULT_FEATURES
from vla_ros.data.datasets.index_writer import IndexWriter
from vla_ros.data.datasets.layout import (
    CHUNKS_SIZE,
    DATA_FILE_MB,
    DATA_PATH,
    INFO,
    VIDEO_FILE_MB,
    VIDEO_FILE_S,
    VIDEO_PATH,
    FilePlace,
)
from vla_ros.data.datasets.metadata import EpisodeMetadata, VideoPlace, load_metadata
from vla_ros.data.datasets.relaxed import RELAXED, read_relaxed, relaxed_text
from vla_ros.data.datasets.schema import DatasetSchema, check_schema
from vla_ros.data.datasets.sink import Sink
from vla_ros.data.datasets.staging import StagedFolder
from vla_ros.data.datasets.video import NotCopyable, VideoFileWriter, open_video

MEGABYTE = 1_000_000

COMMIT_EVERY_S = 60.0  # a commit copies the last file of each kind; what came after the last one is lost with a kill


class LeRobotWriter:
    """Append episodes to a dataset, new or there already.

    `add` stages, `commit` publishes all that is staged; leaving the `with` block commits, an exception in it discards
    what was not committed. Raises ConfigError when the folder holds something else, a dataset of another making, or is
    being written by another process.
    """

    def __init__(self, root: Path | str, schema: DatasetSchema) -> None:
        self.root, self.schema = Path(root), schema
        if self.root.exists() and not self.root.is_dir():
            raise ConfigError(f"{root}: is a file; give the folder of a dataset, new or there already")
        self._folder = StagedFolder(self.root)
        self._relaxed: dict[str, float] = {}
        try:
            self._index = self._open()
        except BaseException:
            self._folder.close()
            raise
        self._data: _DataFile | None = None
        self._videos: dict[str, _VideoFile] = {}
        self._torn = False  # an episode is half staged: what is staged can only be discarded

    def _open(self) -> IndexWriter:
        if (self.root / INFO).exists():
            metadata = load_metadata(self.root)
            check_schema(self.schema, metadata)
            self._relaxed = read_relaxed(self.root)
            return IndexWriter(self._folder, self.schema, metadata)
        if self.root.exists() and any(self.root.iterdir()):
            raise ConfigError(f"{self.root}: holds something that is no LeRobotDataset: choose a new or empty folder")
        return IndexWriter(self._folder, self.schema, None)

    @property
    def episodes(self) -> int:
        """Return the number of episodes, staged ones included."""
        return len(self._index.records)

    @property
    def sources(self) -> frozenset[str]:
        """Return what the episodes were made of, as far as they say."""
        return frozenset(record.source for record in self._index.records if record.source)

    def add(self, episode: EncodedEpisode) -> int:
        """Stage an episode and return its index.

        Raises ConfigError when it was encoded for other features, or the disk does not take it.
        """
        wanted = {name: feature.is_video for name, feature in self.schema.features.items()}
        given = dict.fromkeys(episode.columns, False) | dict.fromkeys(episode.videos, True)
        if wanted != given:
            raise ConfigError(
                f"episode has features {sorted(given)}, the dataset {sorted(wanted)}: encode it for these"
            )
        with self._changing():
            return self._stage(episode)

    def _stage(self, episode: EncodedEpisode) -> int:
        index, start = len(self._index.records), self._index.frames
        task_index = self._index.task_numbers(episode.tasks)[episode.task_of_frame]
        own = index_columns(start, index, self.schema.fps, task_index)
        columns = {**episode.columns, **own}
        features = {**self.schema.features, **DEFAULT_FEATURES}
        names = [name for name, feature in features.items() if not feature.is_video]
        table = pa.table({name: features[name].arrow_array(columns[name]) for name in names})
        videos = {key: self._append_video(key, video.data, episode.length) for key, video in episode.videos.items()}
        data = self._append_data(table)
        record = EpisodeMetadata(index, episode.tasks, episode.length, start, data, videos, episode.source)
        self._index.add(record, episode.statistics, own)
        if episode.relaxed_s:
            self._relaxed[episode.source] = episode.relaxed_s
        return index

    def commit(self) -> None:
        """Publish what is staged: in one rename, all of it or nothing. Raises ConfigError when the disk is full."""
        if self._torn or not self._index.changed:
            return
        with self._changing():
            self._close_files()
            self._index.write()
            if self._relaxed:
                self._folder.path(RELAXED).write_text(relaxed_text(self._relaxed))
            self._folder.commit()

    def close(self, discard: bool = False) -> None:
        """Commit, unless an episode was interrupted half way, or discard what is staged; let others write."""
        try:
            if not discard:
                self.commit()
        finally:
            self._close_files(ignore_errors=True)
            self._folder.discard()
            self._folder.close()

    def __enter__(self) -> LeRobotWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(discard=error is not None)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[None]:
        """Whatever interrupts the block leaves nothing that could be committed."""
        if self._torn:
            raise ConfigError(f"{self.root}: an episode was interrupted half way: open the dataset again")
        self._torn = True
        try:
            yield
        except (OSError, av.error.FFmpegError, pa.ArrowException) as error:
            reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
            raise ConfigError(
                f"{self.root}: cannot be written ({reason}): it is as it was at the last commit; make room, then start "
                "again: what it holds already is left out"
            ) from None
        self._torn = False

    def _append_data(self, table: pa.Table) -> FilePlace:
        file = self._data
        if file is None:
            last = self._index.last_data()
            file = _DataFile(self._folder, last or FilePlace(0, 0), table.schema)
            if last is not None:
                file.copy(self.root / last.path(DATA_PATH))
        if file.full(table.nbytes):
            file.close()
            file = _DataFile(self._folder, file.place.next(CHUNKS_SIZE), table.schema)
        self._data = file
        file.append(table)
        return file.place

    def _append_video(self, key: str, data: bytes, frames: int) -> VideoPlace:
        fps = self.schema.fps
        with open_video(io.BytesIO(data)) as source:
            file = self._videos.get(key)
            if file is None:
                last = self._index.last_video(key)
                file = _VideoFile(self._folder, key, last or FilePlace(0, 0), fps)
                if last is not None and not file.copies(self.root / last.path(VIDEO_PATH, key)):
                    file.discard()
                    file = _VideoFile(self._folder, key, last.next(CHUNKS_SIZE), fps)
            if file.full(len(data), frames) or not file.writer.accepts(source):
                file.close()
                file = _VideoFile(self._folder, key, file.place.next(CHUNKS_SIZE), fps)
            self._videos[key] = file
            start = file.writer.frames
            file.append(source, frames)
        return VideoPlace(file.place, start / fps, (start + frames) / fps)

    def _close_files(self, ignore_errors: bool = False) -> None:
        files: list[_DataFile | _VideoFile] = [*self._videos.values(), *([self._data] if self._data else [])]
        self._videos, self._data = {}, None
        for file in files:
            try:
                file.close()
            except Exception:
                if not ignore_errors:
                    raise


class _DataFile:
    """One parquet file, a row group an episode."""

    def __init__(self, folder: StagedFolder, place: FilePlace, schema: pa.Schema) -> None:
        self.place, self._schema = place, schema
        self._file: BinaryIO = folder.path(place.path(DATA_PATH)).open("wb")
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd")

    def full(self, more: int) -> bool:
        # Asked of what was written, so that it does not matter in how many runs a dataset grew.
        return self._file.tell() > len(b"PAR1") and self._file.tell() + more > DATA_FILE_MB * MEGABYTE

    def copy(self, before: Path) -> None:
        with pq.ParquetFile(before) as file:
            for number in range(file.num_row_groups):
                self.append(file.read_row_group(number).select(self._schema.names).cast(self._schema))

    def append(self, table: pa.Table) -> None:
        self._writer.write_table(table, row_group_size=max(1, len(table)))

    def close(self) -> None:
        try:
            self._writer.close()
        finally:
            self._file.close()


class _VideoFile:
    """One mp4 file, whose failed writes are exceptions here and nowhere later."""

    def __init__(self, folder: StagedFolder, key: str, place: FilePlace, fps: int) -> None:
        self.place, self._path, self._fps = place, folder.path(place.path(VIDEO_PATH, key)), fps
        self._sink = Sink(self._path)
        self.writer = VideoFileWriter(self._sink, fps)

    def full(self, more_bytes: int, more_frames: int) -> bool:
        if self.writer.frames == 0:
            return False  # an episode that is too long for any file still needs one
        too_large = self._sink.size + more_bytes > VIDEO_FILE_MB * MEGABYTE
        return too_large or self.writer.frames + more_frames > VIDEO_FILE_S * self._fps

    def copies(self, before: Path) -> bool:
        """Copy all of a file; False for one of others whose frames are not in order: it stays as it is."""
        with open_video(before) as source:
            try:
                self.append(source)
            except NotCopyable:
                return False
        return True

    def append(self, source: Any, frames: int | None = None) -> None:
        self.writer.append(source, 0, frames)
        self._sink.check()

    def discard(self) -> None:
        self.writer.close()
        self._sink.close()
        self._path.unlink()

    def close(self) -> None:
        try:
            self.writer.close()
        finally:
            self._sink.close()
        with open_video(self._path) as written:
            found: Any = written.streams.video[0].frames
        if found != self.writer.frames:
            raise OSError(f"{self._path}: {found} of {self.writer.frames} frames arrived in the file")

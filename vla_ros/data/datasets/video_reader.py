# SPDX-License-Identifier: Apache-2.0
"""One camera's frames out of the video files of a dataset."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.datasets.layout import FilePlace
from vla_ros.data.datasets.metadata import DatasetMetadata, EpisodeMetadata
from vla_ros.data.datasets.video import decode_range, open_video

OPEN_FILES = 8  # of one camera: each holds its index and a decoder


class VideoReader:
    """Decode frames of one camera, scaled while they are converted. Safe to hand to a forked or spawned worker."""

    def __init__(self, metadata: DatasetMetadata, key: str, size: tuple[int, int] | None = None) -> None:
        self.metadata, self.key = metadata, key
        self.size = size or metadata.features[key].shape[:2]  # height, width
        self._open: OrderedDict[FilePlace, Any] = OrderedDict()
        self._owner = os.getpid()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_open": OrderedDict()}

    def image(self, episode: EpisodeMetadata, frame: int) -> np.ndarray:
        """Return a frame (H, W, 3) uint8 of an episode. Raises VlaError when the file does not hold it."""
        return next(self._frames(episode, frame, 1))

    def images(self, episode: EpisodeMetadata) -> Iterator[np.ndarray]:
        """Yield every frame of an episode. Raises VlaError when the file lacks one."""
        return self._frames(episode, 0, episode.length)

    def close(self) -> None:
        """Close the files."""
        while self._open:
            self._open.popitem()[1].close()

    def _frames(self, episode: EpisodeMetadata, first: int, count: int) -> Iterator[np.ndarray]:
        video = episode.videos[self.key]
        start = round(video.from_timestamp * self.metadata.fps) + first
        found = 0
        for frame in decode_range(self._file(video.place), self.metadata.fps, start, count):
            yield self._array(frame)
            found += 1
            if found == count:
                return
        path = self.metadata.video_path(self.key, video.place)
        raise VlaError(f"{path}: frame {first + found} of episode {episode.index} is missing: run dataset check")

    def _array(self, frame: Any) -> np.ndarray:
        height, width = self.size
        return frame.to_ndarray(format="rgb24", width=width, height=height, interpolation="AREA")

    def _file(self, place: FilePlace) -> Any:
        if self._owner != os.getpid():  # forked: the parent goes on reading through the same handles
            self._open, self._owner = OrderedDict(), os.getpid()
        if place not in self._open:
            while len(self._open) >= OPEN_FILES:
                self._open.popitem(last=False)[1].close()
            self._open[place] = open_video(self.metadata.video_path(self.key, place))
        self._open.move_to_end(place)
        return self._open[place]

# SPDX-License-Identifier: Apache-2.0
"""One episode, checked against its dataset's features, encoded and measured; ready to be appended by any process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import VlaError
from vla_ros.data.datasets.features import DEFAULT_FEATURES, STRING, Feature, check_names
from vla_ros.data.datasets.statistics import column_statistics
from vla_ros.data.datasets.video import EncodedVideo, VideoEncoder


@dataclass(frozen=True, eq=False)
class EncodedEpisode:
    """What one episode adds to a dataset, apart from where in it: it pickles, so another process can make it."""

    length: int  # T frames
    columns: Mapping[str, np.ndarray]  # (T, *shape) each feature that is not video
    videos: Mapping[str, EncodedVideo]
    tasks: tuple[str, ...]  # in the order they come up
    task_of_frame: np.ndarray  # (T,) index into tasks
    statistics: Mapping[str, Mapping[str, np.ndarray]]
    source: str = ""  # what it was made of, so that it is not added twice
    relaxed_s: float = 0.0  # [s] longest hole in its recording that only a relaxed limit allowed; 0 without one


@dataclass
class EpisodeEncoder:
    """Collect one episode: images one by one as they come, columns at the end.

    Raises ConfigError for features the format cannot have.
    """

    features: Mapping[str, Feature]
    fps: int
    codec: str = "h264"
    threads: int = 1
    _encoders: dict[str, VideoEncoder] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        check_names(self.features)
        self._encoders = {
            name: VideoEncoder(feature.shape[0], feature.shape[1], self.fps, self.codec, self.threads)
            for name, feature in self.features.items()
            if feature.is_video
        }

    def add_image(self, feature: str, image: np.ndarray) -> None:
        """Append a frame (H, W, 3) uint8 RGB to a video feature."""
        self._encoders[feature].add(image)

    def finish(self, columns: Mapping[str, np.ndarray], task: str | Sequence[str], source: str = "") -> EncodedEpisode:
        """Return the episode; `task` is its words, or those of every frame.

        Raises VlaError for a column that is missing, superfluous, ragged, of another shape or not finite, and for
        videos of another length.
        """
        wanted = {name: feature for name, feature in self.features.items() if not feature.is_video}
        for name in wanted:
            if name not in columns:
                raise VlaError(f"episode lacks '{name}': give (frames, {_shape(wanted[name])})")
        for name in columns:
            if name not in wanted:
                raise VlaError(f"episode has '{name}', which the dataset has not: declare the feature first")
        videos = {name: encoder.finish() for name, encoder in self._encoders.items()}
        lengths = {name: len(values) for name, values in columns.items()}
        lengths |= {name: video.frames for name, video in videos.items()}
        if not lengths or len(set(lengths.values())) != 1 or min(lengths.values()) == 0:
            raise VlaError(f"episode is empty or ragged: {', '.join(f'{n} {c}' for n, c in lengths.items())} frames")
        length = next(iter(lengths.values()))
        checked = {name: checked_column(name, feature, columns[name]) for name, feature in wanted.items()}
        words = [task] * length if isinstance(task, str) else list(task)
        if len(words) != length or not all(word.strip() for word in words):
            raise VlaError("episode has no task: give its words, once or for every frame")
        tasks = tuple(dict.fromkeys(words))
        statistics = {
            name: column_statistics(values) for name, values in checked.items() if wanted[name].dtype != STRING
        }
        statistics |= {name: video.statistics for name, video in videos.items()}
        number = {word: i for i, word in enumerate(tasks)}
        return EncodedEpisode(
            length, checked, videos, tasks, np.array([number[word] for word in words]), statistics, source
        )


def encode_episode(
    features: Mapping[str, Feature],
    fps: int,
    columns: Mapping[str, np.ndarray],
    images: Mapping[str, Iterable[np.ndarray]],
    task: str | Sequence[str],
    source: str = "",
    codec: str = "h264",
) -> EncodedEpisode:
    """Return an episode whose columns and images are all there; raises what EpisodeEncoder raises."""
    encoder = EpisodeEncoder(features, fps, codec)
    for name, frames in images.items():
        if name not in features or not features[name].is_video:
            raise VlaError(f"episode has images '{name}', which the dataset has not: declare the feature first")
        for frame in frames:
            encoder.add_image(name, frame)
    return encoder.finish(columns, task, source)


def checked_column(name: str, feature: Feature, values: np.ndarray) -> np.ndarray:
    """Return a column (T, *shape), or (T,) for [1], in its dtype. Raises VlaError when it is not one."""
    if feature.dtype == STRING:
        return np.array([str(value) for value in values], dtype=object)
    array = np.asarray(values)
    shape = array.shape[1:] or (1,)
    if array.dtype == object or shape != feature.shape:
        raise VlaError(f"'{name}' has frames of shape {list(shape)}: the dataset wants {_shape(feature)}")
    if not np.isfinite(array).all():
        raise VlaError(f"'{name}' holds a value that is not finite, first at frame {_first_bad(array)}")
    array = array.astype(feature.dtype)
    return array.reshape(-1) if feature.shape == (1,) else array


def index_columns(start: int, episode: int, fps: int, task_index: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns every dataset has, for an episode that begins at frame `start` of the dataset."""
    frames = np.arange(len(task_index))
    values = {
        "timestamp": frames / fps,
        "frame_index": frames,
        "episode_index": np.full(len(frames), episode),
        "index": start + frames,
        "task_index": task_index,
    }
    return {name: values[name].astype(feature.dtype) for name, feature in DEFAULT_FEATURES.items()}


def _shape(feature: Feature) -> str:
    return f"{list(feature.shape)} of {feature.dtype}"


def _first_bad(array: np.ndarray) -> int:
    return int(np.argmin(np.isfinite(array.reshape(len(array), -1)).all(axis=1)))

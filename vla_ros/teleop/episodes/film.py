# SPDX-License-Identifier: Apache-2.0
"""A small film of an episode for the operator's page: what its cameras saw, side by side, at a steady pace."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from vla_ros.data.bags.episodes import BagEpisode
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_reading import IMAGE_TYPES, ImageReader
from vla_ros.data.bags.reader import BagReader

FPS = 10
HEIGHT = 240  # [px] of each camera's picture
CAMERAS_MAX = 3
DEPTH = "depth"
THUMBNAIL_AT = 0.7  # share of the episode: what it is about has mostly begun, and is not over
# A page begins to play before it has all of the file, and every browser knows this profile.
_OPTIONS = {"preset": "veryfast", "crf": "28", "profile": "main"}


def colour_topics(bag: BagReader) -> list[str]:
    """Return the topics of colour images, the first cameras first."""
    topics = [
        name
        for name, topic in bag.topics.items()
        if topic.type in IMAGE_TYPES and topic.count and DEPTH not in name.lower()
    ]
    return sorted(topics)[:CAMERAS_MAX]


def make_film(bag: BagReader, episode: BagEpisode, video: Path, thumbnail: Path) -> int:
    """Write an episode's film and one picture of it; return the number of frames, 0 for a bag without images."""
    topics = colour_topics(bag)
    if not topics:
        return 0
    readers = {name: ImageReader(bag.topics[name].type) for name in topics}
    step, span = round(1e9 / FPS), episode.end - episode.begin
    newest: dict[str, np.ndarray] = {}
    film, due, shot = _Film(video), episode.begin, False
    # From the beginning of the bag: a video frame needs those before it.
    for message in bag.messages(topics, None, episode.end + 1):
        while newest and len(newest) == len(topics) and due <= min(message.log_time, episode.end):
            film.add(_beside([newest[name] for name in topics]))
            due += step
        try:
            image = readers[message.topic].read(bag.decode(message))
        except BagError:
            continue  # torn where it was sent from
        if image is None or image.ndim != 3:
            continue
        newest[message.topic] = _small(image)
        if not shot and message.log_time >= episode.begin + THUMBNAIL_AT * span:
            shot = _write_picture(thumbnail, newest[min(newest)])
    if newest:
        film.add(_beside([newest[name] for name in topics if name in newest]))
        if not shot:
            _write_picture(thumbnail, newest[min(newest)])
    film.close()
    return film.frames


class _Film:
    """An MP4 in the making, begun with the first picture."""

    def __init__(self, path: Path) -> None:
        self._path, self._container, self._stream = path, None, None
        self.frames = 0

    def add(self, image: np.ndarray) -> None:
        """Append a picture; later ones are fitted to the size of the first."""
        if self._container is None:
            self._begin(*image.shape[:2])
        stream: Any = self._stream
        if image.shape[:2] != (stream.height, stream.width):
            image = cv2.resize(image, (stream.width, stream.height), interpolation=cv2.INTER_AREA)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
        frame.pts, frame.time_base = self.frames, Fraction(1, FPS)
        self.frames += 1
        container: Any = self._container
        container.mux(stream.encode(frame))

    def close(self) -> None:
        """End it."""
        if self._container is not None:
            stream: Any = self._stream
            self._container.mux(stream.encode(None))
            self._container.close()

    def _begin(self, height: int, width: int) -> None:
        container: Any = av.open(str(self._path), "w", format="mp4", options={"movflags": "+faststart"})
        options = {**_OPTIONS, "g": str(2 * FPS)}
        stream: Any = container.add_stream("libx264", rate=FPS, options=options, width=width, height=height)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1  # it runs beside a robot
        self._container, self._stream = container, stream


def _small(image: np.ndarray) -> np.ndarray:
    """Return a picture HEIGHT high, of even width, as the codec needs it."""
    height, width = image.shape[:2]
    wide = 2 * max(1, round(width * HEIGHT / height / 2))
    return cv2.resize(image, (wide, HEIGHT), interpolation=cv2.INTER_AREA)


def _beside(images: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(images, axis=1)


def _write_picture(path: Path, image: np.ndarray) -> bool:
    good, data = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])
    if good:
        path.write_bytes(data.tobytes())
    return bool(good)

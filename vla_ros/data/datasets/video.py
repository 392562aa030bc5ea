# SPDX-License-Identifier: Apache-2.0
"""Frames into video and packets from file to file: constant rate, time stamps from 0, every other frame a key frame."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import cv2
import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.data.datasets.statistics import ImageStatistics

# Encoded and decoded about twice as fast as `veryfast`, for a quarter more bytes at the same quality: training decodes
# each frame many times.
_OPTIONS = {
    "h264": ("libx264", {"preset": "ultrafast", "crf": "23", "bf": "0", "sc_threshold": "0"}),
    "av1": ("libsvtav1", {"preset": "10", "crf": "30"}),
}
CODECS = tuple(_OPTIONS)
KEY_FRAME_EVERY = 2  # a frame in the middle costs two decodings, not a whole film's
_BT601, _LIMITED = 6, 1  # what RGB was converted with, said in the file so that no player guesses


class NotCopyable(VlaError):
    """A stretch of a video cannot be copied packet by packet: it must be encoded again."""


@dataclass(frozen=True)
class EncodedVideo:
    """One episode of one camera as an mp4 in memory."""

    data: bytes
    frames: int
    statistics: dict[str, np.ndarray]  # of the images that went in


class VideoEncoder:
    """Encode frames as they come; deterministic, so that the same frames are the same bytes."""

    def __init__(self, height: int, width: int, fps: int, codec: str = "h264", threads: int = 1) -> None:
        """Raises ConfigError for an unknown codec."""
        if codec not in _OPTIONS:
            raise ConfigError(unknown_name("codec", codec, CODECS))
        self._shape, self._fps, self._codec, self._count = (height, width, 3), fps, codec, 0
        self._statistics = ImageStatistics()
        self._buffer = io.BytesIO()
        self._container: Any = av.open(self._buffer, "w", format="mp4")
        name, options = _OPTIONS[codec]
        os.environ.setdefault("SVT_LOG", "1")  # the AV1 encoder tells its life on stderr; errors are enough
        stream: Any = self._container.add_stream(
            name, rate=fps, options={"g": str(KEY_FRAME_EVERY), **options}, width=width, height=height
        )
        self._stream = stream
        stream.pix_fmt = "yuv420p"
        context: Any = self._stream.codec_context
        context.thread_count, context.colorspace, context.color_range = threads, _BT601, _LIMITED

    def add(self, image: np.ndarray) -> None:
        """Append a frame (H, W, 3) uint8 RGB. Raises VlaError for another size, or one the codec cannot take."""
        if image.shape != self._shape:
            height, width = self._shape[:2]
            raise VlaError(f"image of {image.shape[1]}x{image.shape[0]} in a video of {width}x{height}")
        self._statistics.add(image)
        # OpenCV's conversion is BT.601, limited range, and ten times as fast as swscale's.
        planes: np.ndarray = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.pts, frame.time_base = self._count, Fraction(1, self._fps)
        self._count += 1
        try:
            self._container.mux(self._stream.encode(frame))
        except av.error.FFmpegError as error:
            height, width = self._shape[:2]
            raise VlaError(f"codec {self._codec} takes no pictures of {width}x{height} ({error.strerror})") from None

    def finish(self) -> EncodedVideo:
        """Return the video. Raises VlaError when there is no frame in it."""
        if self._count == 0:
            raise VlaError("a video without a frame: the episode is empty")
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return EncodedVideo(self._buffer.getvalue(), self._count, self._statistics.result())


class VideoFileWriter:
    """One mp4 file of many episodes, copied packet by packet."""

    def __init__(self, file: Any, fps: int) -> None:
        """Write into `file`, which has write, seek and tell."""
        self._container: Any = av.open(file, "w", format="mp4")
        self._stream: Any = None
        self._extradata: bytes | None = None
        self._fps = fps
        self.frames = 0

    def accepts(self, source: Any) -> bool:
        """Tell whether an open video has the codec settings of what is in the file already."""
        return self._stream is None or _extradata(source) == self._extradata

    def append(self, source: Any, start: int = 0, count: int | None = None) -> None:
        """Copy frames `start` to `start + count` of an open video.

        Raises NotCopyable when it cannot be cut at `start`, or frames refer to later ones, VlaError when frames are
        missing.
        """
        inputs = source.streams.video[0]
        # Of reordered packets it takes a decoder to say which frames are there.
        missing = NotCopyable if inputs.codec_context.has_b_frames else VlaError
        if self._stream is None:
            self._stream = self._container.add_stream_from_template(inputs, opaque=True)
            self._extradata = _extradata(source)
        copied = 0
        for packet in frame_packets(source, self._fps, start, count):
            number = _frame_number(packet, self._fps)
            if copied == 0 and not packet.is_keyframe:
                raise NotCopyable(
                    f"frame {start} of the video is no key frame: it cannot be cut there without re-encoding"
                )
            if number != start + copied:
                raise missing(f"frame {start + copied} of the video is missing or out of order (found {number})")
            packet.stream = self._stream
            packet.time_base = Fraction(1, self._fps)
            packet.pts = packet.dts = self.frames + copied
            packet.duration = 1
            self._container.mux(packet)
            copied += 1
        if count is not None and copied != count:
            raise missing(f"video holds {copied} of the {count} frames from frame {start} on")
        self.frames += copied

    def close(self) -> None:
        """Write the index; without it the file is unreadable."""
        self._container.close()


def open_video(file: Any, threads: int = 1) -> Any:
    """Open a video for reading, a path or an open file. Raises VlaError when it is none."""
    name = getattr(file, "name", file) if hasattr(file, "read") else file
    try:
        container = av.open(str(file) if not hasattr(file, "read") else file)
    except (av.error.FFmpegError, OSError) as error:
        raise VlaError(f"{name}: not a readable video ({error.strerror or error})") from None
    if not container.streams.video:
        container.close()
        raise VlaError(f"{name}: holds no video")
    if container.streams.video[0].codec_context is None:
        container.close()
        raise VlaError(f"{name}: not a readable video (of no known codec)")
    container.streams.video[0].codec_context.thread_count = threads
    return container


def frame_packets(source: Any, fps: int, start: int = 0, count: int | None = None) -> Iterator[Any]:
    """Yield the packets of frames `start` to `start + count` in the order of the file."""
    stream = source.streams.video[0]
    try:
        # A seek lands on the key frame at or before the time.
        source.seek(max(0, round((start + 0.5) / fps / stream.time_base)), stream=stream)
        for packet in source.demux(stream):
            if packet.pts is None:
                return
            number = _frame_number(packet, fps)
            if count is not None and number >= start + count:
                return
            if number >= start:
                yield packet
    except av.error.FFmpegError as error:
        raise VlaError(f"{source.name}: cannot be read from frame {start} on ({error.strerror})") from None


def decode_range(source: Any, fps: int, start: int, count: int) -> Iterator[Any]:
    """Yield decoded frames `start` to `start + count`. Raises VlaError for a picture that is damaged."""
    stream = source.streams.video[0]
    number = start - 1
    try:
        source.seek(max(0, round((start + 0.5) / fps / stream.time_base)), stream=stream)
        for frame in source.decode(stream):
            number = round(frame.pts * frame.time_base * fps)
            if number >= start + count:
                return
            if number >= start:
                if frame.is_corrupt:
                    raise VlaError(f"{source.name}: picture {number} is damaged")
                yield frame
    except av.error.FFmpegError as error:
        raise VlaError(f"{source.name}: picture {number + 1} cannot be decoded ({error.strerror})") from None


def _frame_number(packet: Any, fps: int) -> int:
    return round(packet.pts * packet.time_base * fps)


def _extradata(source: Any) -> bytes:
    stream = source.streams.video[0]
    context = stream.codec_context
    return bytes(context.extradata or b"") + f"{context.name} {stream.width}x{stream.height}".encode()

# SPDX-License-Identifier: Apache-2.0
"""MP4 files from frames, encoded as they come: a killed run leaves a playable file (fragmented MP4)."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np


class VideoWriter:
    """Write RGB frames (H, W, 3) uint8 to an H.264 MP4; a context manager."""

    def __init__(self, path: Path, rate_hz: float = 10.0, speed: float = 1.0) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(str(path), "w", options={"movflags": "frag_keyframe+empty_moov"})
        self._rate = Fraction(rate_hz * speed).limit_denominator(1000)
        self._stream: av.VideoStream | None = None

    def write(self, frame: np.ndarray) -> None:
        """Append one frame; all frames of a file share the first one's size."""
        height, width = frame.shape[:2]
        if self._stream is None:
            self._stream = self._container.add_stream("libx264", rate=self._rate)
            self._stream.width, self._stream.height = width - width % 2, height - height % 2
            self._stream.pix_fmt = "yuv420p"
            # One thread: evaluations run a process a core.
            self._stream.options = {"crf": "26", "preset": "veryfast", "threads": "1"}
        even = np.ascontiguousarray(frame[: self._stream.height, : self._stream.width])
        for packet in self._stream.encode(av.VideoFrame.from_ndarray(even, format="rgb24")):
            self._container.mux(packet)

    def close(self) -> None:
        """Flush the encoder and end the file."""
        if self._stream is not None:
            for packet in self._stream.encode():
                self._container.mux(packet)
        self._container.close()

    def __enter__(self) -> VideoWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

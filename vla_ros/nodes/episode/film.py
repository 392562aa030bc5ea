# SPDX-License-Identifier: Apache-2.0
"""The film of a run: frames go in from the executor, a thread encodes them as they come."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vla_ros.evaluation.video import VideoWriter
from vla_ros.policies.capabilities.image_drawing import draw_row
from vla_ros.policies.capabilities.image_lines import ImageLines

WAITING_MAX = 8  # frames; when the encoder falls behind, frames are dropped rather than kept


class Film:
    """Write frames side by side to an MP4 that is playable whenever the process ends."""

    def __init__(self, path: Path, rate_hz: float) -> None:
        self.dropped = 0
        self.problem = ""  # why there is no film
        self._frames: queue.Queue[tuple[Sequence[np.ndarray], Sequence[ImageLines], str] | None] = queue.Queue(
            WAITING_MAX
        )
        self._thread = threading.Thread(target=self._write, args=(path, rate_hz), name="film", daemon=True)
        self._thread.start()

    def add(self, images: Sequence[np.ndarray], lines: Sequence[ImageLines], caption: str) -> None:
        """Append the cameras' images (H, W, 3) uint8 of one instant, with what is drawn over each and written below."""
        try:
            self._frames.put_nowait((images, lines, caption))
        except queue.Full:
            self.dropped += 1

    def close(self, timeout: float = 1.5) -> None:
        """Encode what waits and end the file; what an encoder that is `timeout` [s] behind has not begun is dropped."""
        with contextlib.suppress(queue.Full):
            self._frames.put(None, timeout=timeout)
            self._thread.join(timeout)
            return
        while True:  # or the thread would wait for an end that never comes, with encoder and frames
            with contextlib.suppress(queue.Empty):
                self._frames.get_nowait()
                self.dropped += 1
            with contextlib.suppress(queue.Full):
                self._frames.put_nowait(None)
                return

    def _write(self, path: Path, rate_hz: float) -> None:
        try:
            with VideoWriter(path, rate_hz) as writer:
                while (frame := self._frames.get()) is not None:
                    writer.write(draw_row(*frame))
        except Exception as error:  # a full disk or a missing codec must not end the run
            self.problem = f"{type(error).__name__}: {error}"

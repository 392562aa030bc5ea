# SPDX-License-Identifier: Apache-2.0
"""Chunks one after the other in a thread of their own: planning a long one keeps no joint state and no e-stop waiting.

Two thousand points of a robot with three groups are checked for collisions in half a second of a core.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

WAITING_MAX = 8  # chunks; who sends faster than they are planned is told so
CLOSED_WITHIN_S = 2.0


class ChunkIntake:
    """Take messages as they come, and hand them on in that order."""

    def __init__(self, take: Callable[[bytes, str], None]) -> None:
        """Have `take` called with each message and its source."""
        self._take = take
        self._waiting: queue.Queue[tuple[bytes, str] | None] = queue.Queue(WAITING_MAX)
        self._closed = False
        self.failed = False  # no chunk will be taken any more
        self._thread = threading.Thread(target=self._run, name="chunks", daemon=True)
        self._thread.start()

    def put(self, message: bytes, source: str) -> str:
        """Leave a message to be taken; return why it is refused, or ""."""
        try:
            self._waiting.put_nowait((message, source))
        except queue.Full:
            return f"{WAITING_MAX} chunks are still to be planned: send them less often"
        return ""

    def close(self) -> None:
        """Take no more; what is being taken is ended first."""
        self._closed = True
        while True:  # room for the end
            try:
                self._waiting.put_nowait(None)
                break
            except queue.Full:
                self._waiting.get()
        self._thread.join(CLOSED_WITHIN_S)

    def _run(self) -> None:
        try:
            while (waiting := self._waiting.get()) is not None and not self._closed:
                self._take(*waiting)
        except BaseException:
            self.failed = True
            raise

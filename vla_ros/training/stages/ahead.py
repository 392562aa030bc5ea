# SPDX-License-Identifier: Apache-2.0
"""Batches made a few ahead, in a thread."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable


class Ahead:
    """Make batches of steps first … end - 1 in order."""

    def __init__(self, make: Callable[[int], object], first: int, end: int) -> None:
        self._queue: queue.Queue = queue.Queue(maxsize=3)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(make, first, end), daemon=True)
        self._thread.start()

    def _run(self, make: Callable[[int], object], first: int, end: int) -> None:
        for step in range(first, end):
            try:
                made: object = make(step)
            except BaseException as error:  # told to whoever waits
                made = error
            while not self._stopped.is_set():
                try:
                    self._queue.put(made, timeout=0.2)
                    break
                except queue.Full:
                    continue
            if self._stopped.is_set() or isinstance(made, BaseException):
                return

    def next(self) -> object:
        """Return the next batch; raises what making it raised."""
        made = self._queue.get()
        if isinstance(made, BaseException):
            raise made
        return made

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

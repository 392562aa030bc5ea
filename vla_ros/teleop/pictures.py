# SPDX-License-Identifier: Apache-2.0
"""Camera pictures on their way to one client: the newest only, and no more than it has shown."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

UNSEEN_MAX = 2  # pictures of one camera that a client may not have acknowledged
LOST_S = 2.0  # [s] after which an acknowledgement is not waited for any longer


class PictureQueue:
    """What one client is to be shown. Older pictures make room for newer ones; a slow client sees fewer, not late."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._newest: dict[int, tuple[float, bytes]] = {}  # camera → stamp [s], frame
        self._unseen: dict[int, deque[tuple[float, float]]] = {}  # camera → (stamp, sent at) [s]

    def offer(self, camera: int, stamp: float, frame: bytes) -> None:
        """Have a binary frame sent next, instead of an older picture of the same camera."""
        self._newest[camera] = (stamp, frame)

    def seen(self, camera: int, stamp: float) -> None:
        """Note that the client has shown a picture, and with it every older one."""
        unseen = self._unseen.get(camera)
        while unseen and unseen[0][0] <= stamp:
            unseen.popleft()

    def wants(self, camera: int) -> bool:
        """Say whether a picture of a camera could be sent now; from any thread."""
        now = self._clock()
        return sum(now - sent <= LOST_S for _, sent in tuple(self._unseen.get(camera, ()))) < UNSEEN_MAX

    def take(self) -> bytes | None:
        """Return the next frame to be sent; None when there is none, or the client has not caught up."""
        for camera, (stamp, frame) in self._newest.items():
            if self.wants(camera):
                del self._newest[camera]  # the next picture goes behind those of the other cameras
                # What was sent so long ago that it is not waited for any longer falls out at the other end.
                self._unseen.setdefault(camera, deque(maxlen=UNSEEN_MAX)).append((stamp, self._clock()))
                return frame
        return None

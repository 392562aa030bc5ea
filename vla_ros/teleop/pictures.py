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
        """Say whether a picture of a camera could be sent now."""
        unseen, now = self._unseen.get(camera), self._clock()
        while unseen and now - unseen[0][1] > LOST_S:
            unseen.popleft()
        return not unseen or len(unseen) < UNSEEN_MAX

    def take(self) -> bytes | None:
        """Return the next frame to be sent; None when there is none, or the client has not caught up."""
        for camera, (stamp, frame) in self._newest.items():
            if self.wants(camera):
                del self._newest[camera]
                self._unseen.setdefault(camera, deque()).append((stamp, self._clock()))
                # Behind the others, so that one camera cannot starve the next.
                return frame
        return None

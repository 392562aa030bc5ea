# SPDX-License-Identifier: Apache-2.0
"""Is an episode's bag being written? Asked of the disk, which knows it whoever records, and however he died."""

from __future__ import annotations

import time

from controllers.errors import VlaError
from vla_ros.data.bags.location import PARTIAL
from vla_ros.data.bags.reserve import is_being_written
from vla_ros.teleop.episodes.folder import CollectionFolder
from vla_ros.teleop.episodes.summary import bag_episode

BEGUN_WITHIN_S = 5.0  # [s] after the mark a recorder must have begun the bag
POLLS_MIN = 3  # in a row at which nobody writes: between letting go and renaming a recorder is whole for a moment
WAITING, WRITTEN, ENDED, GONE = "waiting", "written", "ended", "gone"


class BagWatch:
    """Look now and then at one episode's bag."""

    def __init__(self, folder: CollectionFolder, name: str) -> None:
        self._folder, self._name = folder, name
        self._partial = folder.episodes / f"{name}{PARTIAL}"
        self._began = time.monotonic()
        self._unwritten = 0

    def poll(self) -> str:
        """Return WAITING, WRITTEN, ENDED (it is whole) or GONE (nobody writes it any more, or ever did)."""
        if self._folder.has(self._name):
            return ENDED
        if not self._partial.is_dir():
            return GONE if time.monotonic() - self._began > BEGUN_WITHIN_S else WAITING
        self._unwritten = 0 if is_being_written(self._partial) else self._unwritten + 1
        return GONE if self._unwritten >= POLLS_MIN else WRITTEN

    def reason(self, state: str) -> str:
        """Say why an episode that has not ended is not recorded any more."""
        if state == ENDED:
            return self.ended_early() or "the recorder ended the bag"
        if self._partial.is_dir():
            return "the recorder has died"
        return "no recorder has begun a bag: is it running?"

    def ended_early(self) -> str:
        """Say why a bag that is whole is not complete; "" when it is, as far as it says."""
        try:
            return bag_episode(self._folder.episodes / self._name)[1]
        except VlaError as error:
            return str(error)

# SPDX-License-Identifier: Apache-2.0
"""Instances of one policy: each connection has its own, and what one has left the next one takes.

A policy remembers its episode (plans, history, chunks that it joins), so that two robots cannot share an instance, and
a lock around one would mix their episodes. The first is loaded at the start, another when a second robot asks. A robot
whose network was out comes back to its own, in the midst of its episode.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from vla_ros.serving.session import Session

TAKE_OVER_S = 5.0  # [s] in which a connection that was lost has let go of its instance


class SessionPool:
    """As many instances as were ever needed at once."""

    def __init__(self, make: Callable[[], Session]) -> None:
        """Load the first. Raises ConfigError as `make` does."""
        self._make = make
        self._changed = threading.Condition()
        self._idle: list[tuple[str, Session]] = [("", make())]  # and the robot that left it, the longest idle first
        self._busy: set[str] = set()  # robots

    def take(self, robot: str) -> Session:
        """Return an instance that nobody else has, the one that `robot` has left where it did; "": it has no name.

        It is loaded where none is idle: seconds, for a learned policy.
        """
        with self._changed:
            self._changed.wait_for(lambda: robot not in self._busy, TAKE_OVER_S)
            if robot:
                self._busy.add(robot)
            own = [place for place, (name, _) in enumerate(self._idle) if robot and name == robot]
            if own:
                return self._idle.pop(own[0])[1]
            if self._idle:
                session = self._idle.pop(0)[1]
                session.begin_anew()
                return session
        try:
            return self._make()
        except BaseException:
            with self._changed:
                self._busy.discard(robot)
            raise

    def give_back(self, session: Session, robot: str) -> None:
        """Take an instance back; whoever else has it next resets it."""
        with self._changed:
            self._idle.append((robot, session))
            self._busy.discard(robot)
            self._changed.notify_all()

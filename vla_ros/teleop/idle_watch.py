# SPDX-License-Identifier: Apache-2.0
"""Does anybody still attend to the episode? What a driver says and does, and how long until it counts as abandoned."""

from __future__ import annotations

import math

from vla_ros.teleop.announcements import Ending
from vla_ros.teleop.protocol import Hands, HandSample

IDLE_TIMEOUT_S = 20.0  # [s] an episode goes on without a driver
# A driver who is there may think, look, read: three times as long without moving anything.
STILL_TIMES = 3.0
COUNTDOWN_S, COUNTED = 15.0, 0.75  # [s] before the end at which everybody is told, and of the time there is, at most
# Further than a hand that lies on the table seems to move, less than one that is held does within seconds.
MOVED_M, TURNED_RAD, GRIPPED = 5e-3, 0.05, 0.02


class IdleWatch:
    """All times are the server's monotonic clock [s]."""

    def __init__(self, timeout: float = IDLE_TIMEOUT_S) -> None:
        """An episode ends `timeout` [s] after its driver is heard no more; 0: never."""
        self.timeout = timeout
        self._heard = self._active = float("-inf")
        self._hands: dict[str, HandSample] = {}  # where they were when they last counted as moved

    def refresh(self, now: float) -> None:
        """Note that the driver said something, a ping too: his machine is there."""
        self._heard = now

    def act(self, now: float) -> None:
        """Note that the driver did something, or that the arm moves."""
        self._heard = max(self._heard, now)
        self._active = now

    def take(self, hands: Hands, now: float) -> None:
        """Note where the driver's hands are: one that is clutched or has moved is something done."""
        before, self._hands = self._hands, dict(hands.hands)
        moved = before.keys() != hands.hands.keys() or any(map(any, hands.sticks.values()))
        for name, hand in hands.hands.items():
            known = before.get(name)
            if known is None or hand.clutch or _moved(known, hand):
                moved = True
            else:
                self._hands[name] = known  # so that slow ways add up
        if moved:
            self.act(now)

    def ending(self, now: float, driven: bool) -> Ending | None:
        """Return when and why the episode under way ends by itself; None while somebody attends to it."""
        if self.timeout <= 0.0:
            return None
        gone = "the driver is not heard any more" if driven else "nobody drives"
        clocks = ((self._heard, self.timeout, gone), (self._active, STILL_TIMES * self.timeout, "nothing is moved"))
        counted = [
            (since + patience - now, why)
            for since, patience, why in clocks
            if since + patience - now <= min(COUNTDOWN_S, COUNTED * patience)
        ]
        if not counted:
            return None
        left, why = min(counted)
        return Ending(max(0.0, left), why)


def _moved(before: HandSample, now: HandSample) -> bool:
    """Say whether a hand is elsewhere, turned, or grips otherwise."""
    cosine = abs(sum(a * b for a, b in zip(before.orientation, now.orientation, strict=True)))
    return (
        math.dist(before.position, now.position) > MOVED_M
        or 2.0 * math.acos(min(1.0, cosine)) > TURNED_RAD
        or abs(before.gripper - now.gripper) > GRIPPED
    )

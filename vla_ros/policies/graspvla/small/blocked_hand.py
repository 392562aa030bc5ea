# SPDX-License-Identifier: Apache-2.0
"""Notice that the hand stands on something on its way to a grasp, and take it up again.

No demonstration has fingers on the rim of a mug: the expert would push on for half a minute. Control follows ever more
slowly, so that not even the command to close arrives.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.actions.single_arm import SingleArmObservation

BEHIND = 0.015  # [m] behind its command a hand is held back
STILL, STILL_FOR = 0.004, 1.5  # [m] it moves no further, [s] before it is taken up
RISE = np.array([0.0, 0.0, 0.06])  # [m] from where it stood
STEP = 0.02  # [m] an action
GIVE_UP = 3.0  # [s] after which it has risen enough


class BlockedHand:
    """Watch the hand of one episode."""

    def __init__(self) -> None:
        self._place: np.ndarray | None = None  # (3,) [m] base frame, where it was last seen to move on
        self._since = 0.0  # [s] when that was
        self.goal: np.ndarray | None = None  # (3,) [m] where it is being taken; None: it is free

    def update(self, observation: SingleArmObservation, closing: bool) -> bool:
        """Take what the hand does now, its fingers perhaps `closing`; return whether it has just been found blocked."""
        tool, now = observation.state.T_base_ee[:3, 3], observation.stamp
        behind = np.linalg.norm(observation.T_base_ee_commanded[:3, 3] - tool)
        if self.goal is not None:
            if tool[2] > self.goal[2] - STEP / 2 or now - self._since > GIVE_UP:
                self.goal = self._place = None
            return False
        if closing or behind < BEHIND:
            self._place = None
        elif self._place is None or np.linalg.norm(tool - self._place) > STILL:
            self._place, self._since = tool.copy(), now
        elif now - self._since > STILL_FOR:
            self.goal, self._since = tool + RISE, now
            return True
        return False

    def rise(self, position: np.ndarray, horizon: int, width: float) -> np.ndarray:
        """Return delta actions (horizon, 7) from a position (3,) [m] to the goal, the fingers `width` [m] apart."""
        away = np.zeros(3) if self.goal is None else self.goal - position
        steps = max(1, int(np.ceil(np.linalg.norm(away) / STEP)))
        actions = np.zeros((horizon, 7))
        actions[:steps, :3] = away / steps
        actions[:, 6] = width
        return actions

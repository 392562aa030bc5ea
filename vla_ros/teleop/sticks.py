# SPDX-License-Identifier: Apache-2.0
"""Two sticks to the velocities of a base and a lift. They expire with their chunk, so that nothing drives on."""

from __future__ import annotations

import numpy as np

from controllers.auxiliary_track import BASE_AXES
from vla_ros.robots.embodiment import Embodiment
from vla_ros.teleop.protocol import Hands

STICK_DEAD = 0.08  # of a stick's way, in which it is at rest
LIFT_SHARE = 0.5  # of a lift's speed limit: what is at the limit can hardly be executed again


class Sticks:
    """The left one drives the base forward and aside; the right one turns it, and lifts."""

    def __init__(self, embodiment: Embodiment, linear_speed: float) -> None:
        """`linear_speed` [m/s] is the most that a lift is moved with."""
        self._base = embodiment.base
        self._lift, self._lift_speed = "", 0.0
        if embodiment.lift is not None:
            self._lift = f"{embodiment.lift.joints[0]}/velocity"
            self._lift_speed = min(LIFT_SHARE * float(embodiment.lift.velocity[0]), linear_speed)

    def velocities(self, hands: Hands) -> dict[str, float]:
        """Return velocities [m/s], [rad/s] by channel; a lift at rest is left to itself."""
        *pushed, up = _pushed(hands)
        found: dict[str, float] = {}
        if self._base is not None:
            speeds = np.array(self._base.speed) * pushed
            found |= zip(BASE_AXES, speeds.tolist(), strict=True)
        if self._lift and up:
            found[self._lift] = self._lift_speed * up
        return found


def _pushed(hands: Hands) -> tuple[float, float, float, float]:
    """Return how far the sticks are pushed, −1 to 1: forward, left, a turn to the left, up."""
    (side, back), (turn, down) = (hands.sticks.get(hand, (0.0, 0.0)) for hand in ("left", "right"))
    forward, left, around, up = (push if abs(push) >= STICK_DEAD else 0.0 for push in (-back, -side, -turn, -down))
    return forward, left, around, up

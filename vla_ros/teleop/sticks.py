# SPDX-License-Identifier: Apache-2.0
"""Sticks to the velocities of base, lift and head. They expire with their chunk, so that nothing drives on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.looking import looking
from vla_ros.teleop.protocol import LOOK, Hands

STICK_DEAD = 0.08  # of a stick's way, in which it is at rest
LIFT_SHARE = 0.5  # of a lift's speed limit: what is at the limit can hardly be executed again
LOOK_SHARE = 0.5  # of a head's: pictures stay sharp


class Sticks:
    """The left one drives the base forward and aside; the right one turns it, and lifts; a third looks about."""

    def __init__(self, embodiment: Embodiment, linear_speed: float) -> None:
        """`linear_speed` [m/s] is the most that a lift is moved with."""
        self._base = embodiment.base
        self._lift, self._lift_speed = "", 0.0
        if embodiment.lift is not None:
            self._lift = f"{embodiment.lift.joints[0]}/velocity"
            self._lift_speed = min(LIFT_SHARE * float(embodiment.lift.velocity[0]), linear_speed)
        self._looking = looking(embodiment)

    def velocities(self, hands: Hands, look: bool = True) -> dict[str, float]:
        """Return velocities [m/s], [rad/s] by channel; lift and head at rest are left to themselves.

        Without `look` something else turns the head.
        """
        *pushed, up = _pushed(hands)
        right, down = _beyond_dead(hands.sticks.get(LOOK, (0.0, 0.0)))
        found: dict[str, float] = {}
        if self._base is not None:
            speeds = np.array(self._base.speed) * pushed
            found |= zip(BASE_AXES, speeds.tolist(), strict=True)
        if self._lift and up:
            found[self._lift] = self._lift_speed * up
        if self._looking is not None and look and (right or down):
            for joint, push in ((self._looking.pan, -right), (self._looking.tilt, down)):  # a group moves whole
                found[f"{joint.name}/velocity"] = LOOK_SHARE * joint.velocity * joint.sign * push
        return found


def _pushed(hands: Hands) -> tuple[float, float, float, float]:
    """Return how far the sticks are pushed, −1 to 1: forward, left, a turn to the left, up."""
    (side, back), (turn, down) = (hands.sticks.get(hand, (0.0, 0.0)) for hand in ("left", "right"))
    forward, left, around, up = _beyond_dead((-back, -side, -turn, -down))
    return forward, left, around, up


def _beyond_dead(pushes: Sequence[float]) -> list[float]:
    return [push if abs(push) >= STICK_DEAD else 0.0 for push in pushes]

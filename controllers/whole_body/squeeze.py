# SPDX-License-Identifier: Apache-2.0
"""How hard two hands press what is between them: their commands are brought no nearer than the servos' springs allow.

Between two position-driven hands a rigid thing of width D bears

    f = (D − D_commanded + t Ḋ_commanded) / c,    c = Σ over both hands  nᵀ J K⁻¹ Jᵀ n

n is the line from tool to tool, K the stiffness of an arm's joints and t how long their servos trail a command that
moves. So hands that are to bear f at most are commanded D − f c apart at least, whatever is asked, at every tick. Once
they bear something, they close no faster than they can brake on the way that is left. What both do together, such as
carrying the thing aside, is none of its business.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, sqrt

import numpy as np

from controllers.errors import ConfigError
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import HandTarget
from controllers.whole_body_config import SQUEEZE_MAX

NEAR = 1e-3  # [m] tools that are nearer have no line between them
# Something is between the hands from this share of the allowed force on, and from what so much [s] of closing looks
# like: servos trail by a little more than they are described, behind wires, and hands that bear nothing are not slowed.
BEARS, LATE = 0.15, 0.02


def squeeze_limit(control: WholeBody) -> SqueezeLimit | None:
    """Return what bounds the press of two hands as the configuration says; None where nothing does, or can unasked."""
    most = control.config.squeeze_max
    if most is not None:
        return None if most == inf else SqueezeLimit(control, most)
    pair = [control.body.groups[arm] for arm in control.body.arms[:2]]
    described = all(group.stiffness is not None and group.damping is not None for group in pair)
    return SqueezeLimit(control, SQUEEZE_MAX) if len(pair) == 2 and described else None


class SqueezeLimit:
    """The first two hands of a robot."""

    def __init__(self, control: WholeBody, force_max: float) -> None:
        """Let them press with `force_max` [N] at most.

        Raises ConfigError for a robot of one arm, and for arms whose servos are not described.
        """
        if len(control.body.arms) < 2:
            raise ConfigError("squeeze_max: there are not two hands that could press anything between them")
        self._control, self._most = control, force_max
        self._pair = control.body.arms[:2]
        self._compliance: dict[str, np.ndarray] = {}  # (N,) [rad/(N·m)]
        self._trail = 0.0  # [s]
        for name in self._pair:
            group = control.body.groups[name]
            if group.stiffness is None or group.damping is None:
                raise ConfigError(f"squeeze_max: the servo of arm '{name}' is not described: give its stiffness")
            self._compliance[name] = 1.0 / group.stiffness
            self._trail = max(self._trail, float((group.damping / group.stiffness).max()))
        self.force = 0.0  # [N] at the last look; below 0 they pull

    def apply(self, hands: Mapping[str, HandTarget], measured: Mapping[str, np.ndarray]) -> Mapping[str, HandTarget]:
        """Return the targets, those of the two hands parted where they would press too hard.

        `measured` holds by arm where its tool is (3,) [m], seen from the base.
        """
        left, right = self._pair
        if left not in hands or right not in hands:
            return hands
        model, moved, parts = self._control.model, self._control.model.moved, self._control.parts
        line = measured[right] - measured[left]
        apart = float(np.linalg.norm(line))
        if apart < NEAR:
            return hands
        line = line / apart
        give, closing, commanded = 0.0, 0.0, 0.0
        for name, sign in ((left, -1.0), (right, 1.0)):
            row = line @ model.J[name][:3, moved:]
            bent = row[parts[name]]
            give += float((bent * bent) @ self._compliance[name])
            closing -= sign * float(row @ self._control.dq)
            commanded += sign * float(line @ model.T_base_ee[name][:3, 3])
        unloaded = apart - self._trail * closing
        self.force = (unloaded - commanded) / give
        least = unloaded - self._most * give
        given = {name: self._control.hands[name].admittance.offset[:3] for name in self._pair}  # to what pushes them
        asked = float(line @ (self._seen(hands[right]) + given[right] - self._seen(hands[left]) - given[left]))
        towards = -float(line @ (self._speed(hands[right]) - self._speed(hands[left])))
        pull = self._control.config.pull
        if self.force < BEARS * self._most + LATE * closing / give:  # nothing is between them yet
            nearest = least
            fastest = inf if asked > least else 0.0
        else:
            allowed = self._speed_allowed(commanded - least)
            nearest = commanded - allowed / pull
            fastest = allowed - pull * (commanded - max(asked, nearest))
        missing, excess = max(0.0, nearest - asked), max(0.0, towards - fastest)
        if missing == 0.0 and excess == 0.0:
            return hands
        return {
            **hands,
            left: self._parted(hands[left], -line, 0.5 * missing, 0.5 * excess),
            right: self._parted(hands[right], line, 0.5 * missing, 0.5 * excess),
        }

    def _speed_allowed(self, room: float) -> float:
        """Return how fast hands may close [m/s] with `room` [m] left: `safety/braking_profile.py`, as one number."""
        config = self._control.config
        knee = config.braking / config.pull**2
        return config.pull * room if room <= knee else sqrt(config.braking * (2.0 * room - knee))

    def _seen(self, hand: HandTarget) -> np.ndarray:
        """Return where a target is (3,) [m], seen from the base."""
        if hand.riding:
            return hand.T[:3, 3]
        T = self._control.T_odom_base
        return T[:3, :3].T @ (hand.T[:3, 3] - T[:3, 3])

    def _speed(self, hand: HandTarget) -> np.ndarray:
        """Return how a target moves (3,) [m/s], axes of the base."""
        if hand.twist is None:
            return np.zeros(3)
        return hand.twist[:3] if hand.riding else self._control.T_odom_base[:3, :3].T @ hand.twist[:3]

    def _parted(self, hand: HandTarget, outward: np.ndarray, missing: float, excess: float) -> HandTarget:
        """Return a target so much further out [m], which comes nearer so much slower [m/s]."""
        way = outward if hand.riding else self._control.T_odom_base[:3, :3] @ outward
        T, twist = hand.T.copy(), np.zeros(6) if hand.twist is None else hand.twist.copy()
        T[:3, 3] += missing * way
        twist[:3] += excess * way
        return HandTarget(T, twist, hand.riding)

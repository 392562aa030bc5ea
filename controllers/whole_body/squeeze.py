# SPDX-License-Identifier: Apache-2.0
"""How hard two hands press what is between them: their commands are brought no nearer than the servos' springs allow.

Between two position-driven hands a rigid thing of width D bears

    f = (D − D_commanded + t Ḋ_commanded) / c,    c = Σ over both hands  nᵀ J K⁻¹ Jᵀ n

n is the line from tool to tool, K the stiffness of an arm's joints and t how long their servos trail a command that
moves. So hands that are to bear f at most are commanded D − f c apart at least, whatever is asked, at every tick.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.errors import ConfigError
from controllers.whole_body.controller import WholeBody
from controllers.whole_body.targets import HandTarget

NEAR = 1e-3  # [m] tools that are nearer have no line between them


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
        places = {name: self._seen(hands[name]) for name in self._pair}
        missing = least - float(line @ (places[right] - places[left]))
        if missing <= 0.0:
            return hands
        return {
            **hands,
            left: self._parted(hands[left], -line, missing),
            right: self._parted(hands[right], line, missing),
        }

    def _seen(self, hand: HandTarget) -> np.ndarray:
        """Return where a target is (3,) [m], seen from the base."""
        if hand.riding:
            return hand.T[:3, 3]
        T = self._control.T_odom_base
        return T[:3, :3].T @ (hand.T[:3, 3] - T[:3, 3])

    def _parted(self, hand: HandTarget, outward: np.ndarray, missing: float) -> HandTarget:
        """Return a target half of `missing` [m] further out, which comes no nearer by itself."""
        way = outward if hand.riding else self._control.T_odom_base[:3, :3] @ outward
        T, twist = hand.T.copy(), None if hand.twist is None else hand.twist.copy()
        T[:3, 3] += 0.5 * missing * way
        if twist is not None:
            twist[:3] -= min(0.0, float(way @ twist[:3])) * way
        return HandTarget(T, twist, hand.riding)

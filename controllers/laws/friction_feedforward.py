# SPDX-License-Identifier: Apache-2.0
"""What the joints' friction takes from the desired motion, given in advance."""

from __future__ import annotations

import numpy as np

from controllers.arm.model import ArmModel

DRY_FRICTION_SPEED = 0.02  # [rad/s] below it dry friction fades in, or noise would toggle its sign


class FrictionFeedforward:
    """Give in advance what the joints' friction takes from the desired motion; nothing at rest."""

    def __init__(self, model: ArmModel, share: float) -> None:
        """Give a `share` (0 to 1) of the model's friction: more than there is would oscillate."""
        self._viscous, self._dry = share * model.viscous_friction, share * model.dry_friction
        self._fading_speed = np.array(DRY_FRICTION_SPEED)
        self._dry_effort, self._viscous_effort = np.zeros(model.size), np.zeros(model.size)

    def write(self, dq_desired: np.ndarray, dry: np.ndarray, viscous: np.ndarray) -> None:
        """Write the dry and the viscous friction [N·m] of dq_desired [rad/s], all (N,)."""
        np.divide(dq_desired, self._fading_speed, out=dry)
        np.tanh(dry, out=dry)
        dry *= self._dry
        np.multiply(dq_desired, self._viscous, out=viscous)

    def add(self, dq_desired: np.ndarray, tau: np.ndarray) -> None:
        """Add the friction of dq_desired [rad/s] to tau [N·m], both (N,)."""
        self.write(dq_desired, self._dry_effort, self._viscous_effort)
        tau += self._dry_effort
        tau += self._viscous_effort

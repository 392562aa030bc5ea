# SPDX-License-Identifier: Apache-2.0
"""How a position-driven hand gives way to a push: its target is shifted as a mass on a spring and a damper would move.

    M ẍ + D ẋ + K x = f        (Hogan 1985; a position arm is its own inner loop)

Integrated with the damper and the spring implicit, so that no tick is too long for it.
"""

from __future__ import annotations

from math import sqrt

import numpy as np

from controllers.whole_body_config import AdmittanceConfig

UNBOUND_STIFFNESS = (300.0, 10.0)  # [N/m], [N·m/rad] whose critical damper serves where there is no spring


class Admittance:
    """One hand's shift, linear rows first, base axes."""

    def __init__(self, config: AdmittanceConfig) -> None:
        """Start where the target is."""
        self.still = True  # whether the target is not shifted at all
        self.offset, self.velocity = np.zeros(6), np.zeros(6)  # [m, rad], [m/s, rad/s]
        pairs = (
            (config.mass, config.stiffness, UNBOUND_STIFFNESS[0]),
            (config.inertia, config.stiffness_rotation, UNBOUND_STIFFNESS[1]),
        )
        self._mass = np.repeat([mass for mass, _, _ in pairs], 3)
        self._stiffness = np.repeat([stiffness for _, stiffness, _ in pairs], 3)
        damping = [2.0 * config.damping_ratio * sqrt((stiffness or other) * mass) for mass, stiffness, other in pairs]
        self._damping = np.repeat(damping, 3)
        self._thresholds = (config.force_threshold, config.torque_threshold)
        self._most = (config.offset_max, config.rotation_max)

    def reset(self) -> None:
        """Be where the target is, at rest."""
        self.still = True
        self.offset[:] = self.velocity[:] = 0.0

    def update(self, wrench: np.ndarray | None, dt: float) -> None:
        """Move on by dt [s] under a wrench (6,) [N, N·m] on the tool; none: nothing pushes."""
        self.still = False
        force = np.zeros(6)
        if wrench is not None and np.isfinite(wrench).all():
            for part, threshold in zip((slice(0, 3), slice(3, 6)), self._thresholds, strict=True):
                size = float(np.linalg.norm(wrench[part]))
                if size > threshold:  # what is beyond counts, so that nothing begins with a step
                    force[part] = wrench[part] * (1.0 - threshold / size)
        self.velocity += dt / self._mass * (force - self._stiffness * self.offset)
        self.velocity /= 1.0 + dt / self._mass * (self._damping + dt * self._stiffness)
        self.offset += dt * self.velocity
        for part, most in zip((slice(0, 3), slice(3, 6)), self._most, strict=True):
            size = float(np.linalg.norm(self.offset[part]))
            if size > most:
                self.offset[part] *= most / size
                self.velocity[part] = 0.0

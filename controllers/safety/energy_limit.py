# SPDX-License-Identifier: Apache-2.0
"""A cap on the energy that a compliant arm holds: what it can give to whatever it hits.

After G. Raiola, C. A. Cardenas, T. S. Tadele, T. de Vries, S. Stramigioli, "Development of a Safety- and Energy-Aware
Impedance Controller for Collaborative Robots", IEEE Robotics and Automation Letters 3(2), 2018: when kinetic energy T
and the spring's energy V together exceed the cap E_max, the spring is weakened to λ = (E_max − T)/V of itself.
"""

from __future__ import annotations


class EnergyLimit:
    """Say which share of its pull a controller may exert, so that T + λV stays at the cap.

    The controllers scale with λ all that may push the arm (springs, feed-forward, the desired velocity), and never the
    damper on the measured velocity. So no effort adds to T once T has reached the cap, and λ is continuous.
    """

    def __init__(self, energy_max: float | None) -> None:
        """Cap at `energy_max` [J]; None: not at all."""
        self.energy_max = energy_max
        self.share = 1.0  # λ, of the last look
        self.kinetic = self.potential = 0.0  # [J] of the last look

    def update(self, kinetic: float, potential: float) -> None:
        """Take T and V [J] of the unweakened spring."""
        self.kinetic, self.potential = kinetic, potential
        if self.energy_max is not None:
            room = self.energy_max - kinetic
            self.share = 1.0 if potential <= room else max(room, 0.0) / max(potential, 1e-12)

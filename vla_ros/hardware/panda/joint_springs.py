# SPDX-License-Identifier: Apache-2.0
"""Efforts as springs that a 1 kHz loop holds: a torque whose sender falls silent ends at a place, not in a run.

The loop computes tau = K (q_d - q) + D (dq_d - dq) by itself. Told q_d = q + tau / K and dq_d = dq it gives tau; told
nothing more, because whoever tells it hangs, it comes to rest about tau / K further on. The price: between two commands
the arm moves, and a time t later the torque is off by K t dq + D t ddq.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# [s] by which a torque is later than the state it was made of, at least: what the arm moves in it is no deviation. Not
# what it is on average: the rest of its age damps, and too much would push.
LEAST_AGE_S = 0.001


@dataclass(frozen=True)
class Springs:
    """Stiffness and damping of every joint."""

    stiffness: tuple[float, ...]  # K [N·m/rad]
    damping: tuple[float, ...]  # D [N·m·s/rad]

    def for_effort(self, tau: np.ndarray, q: np.ndarray, dq: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return q_d [rad] and dq_d [rad/s] (N,) by which the springs give `tau` (N,) [N·m] at q, dq."""
        return q + LEAST_AGE_S * dq + tau / np.array(self.stiffness), dq

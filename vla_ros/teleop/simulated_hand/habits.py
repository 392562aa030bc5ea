# SPDX-License-Identifier: Apache-2.0
"""What a person's hand is like: it trembles, it pauses, it reaches only so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from controllers.rotations import Quaternion, compose_exp

# Physiological tremor has its power at 8 to 12 Hz (Elble and Koller, Tremor, 1990).
TREMOR_HZ = (8.3, 9.7, 11.9)


@dataclass(frozen=True)
class Habits:
    """One operator's hand."""

    speed: float = 0.2  # [m/s] on average, of a stroke
    turn_speed: float = 0.6  # [rad/s] on average
    tremor: float = 1e-3  # [m] amplitude on each axis
    tremor_angle: float = 0.008  # [rad] amplitude about each axis
    reach: float = 0.25  # [m] from where the hand rests: further away it lets go, comes back and clutches again
    wrist: float = 0.8  # [rad] that the wrist turns at most
    pause_s: tuple[float, float] = (0.1, 0.5)  # [s] shortest and longest, between two strokes
    tolerance: float = 0.006  # [m] from a waypoint that is good enough
    tolerance_angle: float = 0.04  # [rad]

    def __post_init__(self) -> None:
        for name, low, high in (
            ("speed", 0.01, 1.0), ("turn_speed", 0.01, 3.0), ("tremor", 0.0, 0.02), ("tremor_angle", 0.0, 0.2),
            ("reach", 0.03, 1.0), ("wrist", 0.1, 3.0), ("tolerance", 1e-3, 0.1), ("tolerance_angle", 1e-2, 1.0),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise ConfigError(f"habits: '{name}' must be {low:g} to {high:g}, got {getattr(self, name):g}")
        if not 0.0 <= self.pause_s[0] <= self.pause_s[1] <= 60.0:
            raise ConfigError(f"habits: 'pause_s' must be two times of 0 to 60 s in order, got {self.pause_s}")

    def trembling(self, time: float, position: np.ndarray, orientation: Quaternion) -> tuple[np.ndarray, Quaternion]:
        """Return a pose at `time` [s] as this hand holds it."""
        phase = 2.0 * np.pi * time * np.array(TREMOR_HZ)
        x, y, z = (self.tremor_angle * np.sin(phase + 1.0)).tolist()
        return position + self.tremor * np.sin(phase), compose_exp(orientation, (x, y, z))

# SPDX-License-Identifier: Apache-2.0
"""What counts as opened, as put in, as closed and as an attempt: limits and thresholds of the drawer task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.closing_limits import ClosingLimits


@dataclass(frozen=True)
class DrawerLimits(ClosingLimits):
    """config/tasks/drawer.yaml."""

    time_limit_s: float = 120.0  # [s] simulated
    open_m: float = 0.10  # [m] a drawer counts as opened from here on
    closed_m: float = 0.01  # [m] and as closed below
    hold_s: float = 1.0  # [s] closed, with the object at rest in it and the hand away
    still_m: float = 0.005  # [m] what moves less in that time lies still
    still_rad: float = 0.1
    away_m: float = 0.05  # [m] of the tool from the handle
    lift_m: float = 0.05  # [m] from here on an object counts as lifted
    fallen_m: float = 0.15  # [m] below where it lay: off the table
    wrong_hold_s: float = 5.0  # [s] another object, or another drawer, is done with: the episode ends

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("closed_m", "hold_s", "still_m", "still_rad", "away_m", "lift_m", "fallen_m", "wrong_hold_s")
        self._check_positive(*names)
        if not self.closed_m < self.open_m:
            raise ConfigError(f"closed_m must be below open_m, got {self.closed_m} and {self.open_m}")

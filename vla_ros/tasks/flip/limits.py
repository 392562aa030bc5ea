# SPDX-License-Identifier: Apache-2.0
"""What counts as flipped and as an attempt: limits and thresholds of the flip task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class FlipLimits(TaskLimits):
    """config/tasks/flip.yaml."""

    attempts: int = 5  # times that the parcel is lifted or tilted
    time_limit_s: float = 120.0  # [s] simulated
    up_deg: float = 10.0  # [degrees] of the label's normal from straight up
    hold_s: float = 1.0  # [s] that it lies still, the hands open and away
    still_m: float = 0.005  # [m] what moves less in that time lies still
    still_deg: float = 3.0  # [degrees] likewise
    flat_m: float = 0.015  # [m] of its lowest corner above the table
    away_m: float = 0.05  # [m] of every tool from it
    lift_m: float = 0.02  # [m] of its lowest corner above the table: it is up
    lean_deg: float = 15.0  # [degrees] from lying on a side: it is up as well
    fallen_m: float = 0.15  # [m] below the table: off it
    open_fraction: float = 0.30  # of the full width: a hand that is told to open less is closed

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive(
            "up_deg", "hold_s", "still_m", "still_deg", "flat_m", "away_m", "lift_m", "lean_deg", "fallen_m"
        )
        if not self.up_deg < 45.0:
            raise ConfigError(f"up_deg must be below 45, got {self.up_deg}: a side would be up as well")
        if not self.still_deg < self.lean_deg:
            raise ConfigError(f"still_deg must be below lean_deg, got {self.still_deg} and {self.lean_deg}")
        if not self.flat_m < self.lift_m:
            raise ConfigError(f"flat_m must be below lift_m, got {self.flat_m} and {self.lift_m}")
        if not 0.0 < self.open_fraction < 1.0:
            raise ConfigError(f"open_fraction must be above 0 and below 1, got {self.open_fraction}")

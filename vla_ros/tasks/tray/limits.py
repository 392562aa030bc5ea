# SPDX-License-Identifier: Apache-2.0
"""What counts as carried and as spilled: limits and thresholds of the tray task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class TrayLimits(TaskLimits):
    """config/tasks/tray.yaml."""

    attempts: int = 3  # times that the tray is lifted
    time_limit_s: float = 90.0  # [s] simulated
    place_m: float = 0.030  # [m] of the tray's middle from the mat's
    yaw_deg: float = 10.0  # [degrees] that it is turned from it
    hold_s: float = 1.0  # [s] that it lies still, the hands open and away
    still_m: float = 0.005  # [m] what moves less in that time lies still
    still_deg: float = 3.0  # [degrees] likewise
    flat_m: float = 0.010  # [m] of its lowest point above the table
    away_m: float = 0.04  # [m] of every tool from both handles
    lift_m: float = 0.02  # [m] above the table: it is up
    tilt_deg: float = 40.0  # [degrees] of what stands on it: it has fallen over
    spilled_s: float = 0.2  # [s] that something is not on it
    fallen_m: float = 0.15  # [m] below the table: off it
    open_fraction: float = 0.30  # of the full width: a hand that is told to open less is closed

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("place_m", "yaw_deg", "hold_s", "still_m", "still_deg", "flat_m", "away_m", "lift_m")
        self._check_positive("tilt_deg", "spilled_s", "fallen_m")
        if not 0.0 < self.open_fraction < 1.0:
            raise ConfigError(f"open_fraction must be above 0 and below 1, got {self.open_fraction}")

# SPDX-License-Identifier: Apache-2.0
"""What counts as hung and as an attempt: limits and thresholds of the hang task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class HangLimits(TaskLimits):
    """config/tasks/hang.yaml."""

    time_limit_s: float = 90.0  # [s] simulated
    hold_s: float = 1.0  # [s] that it hangs still, the hands open and away
    still_m: float = 0.010  # [m] a garment whose vertices all move less in that time hangs still
    away_m: float = 0.05  # [m] of every tool from every vertex
    taken_m: float = 0.05  # [m] above the table, of its highest vertex: it was taken
    clear_m: float = 0.010  # [m] above where it lay, of its lowest vertex: nothing of it is on the table
    fallen_m: float = 0.15  # [m] below the table: off it
    closed_fraction: float = 0.30  # of the full width: a command below it closes the gripper
    open_fraction: float = 0.40  # of the full width: a command above it opens the gripper

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("hold_s", "still_m", "away_m", "taken_m", "clear_m", "fallen_m")
        if not 0.0 < self.closed_fraction < self.open_fraction < 1.0:
            raise ConfigError(
                f"0 < closed_fraction < open_fraction < 1 must hold, got {self.closed_fraction}, {self.open_fraction}"
            )

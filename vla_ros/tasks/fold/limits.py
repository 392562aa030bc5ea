# SPDX-License-Identifier: Apache-2.0
"""What counts as folded and as an attempt: limits and thresholds of the fold task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class FoldLimits(TaskLimits):
    """config/tasks/fold.yaml."""

    time_limit_s: float = 90.0  # [s] simulated
    folded: float = 0.75  # progress from which a garment is folded
    hold_s: float = 1.0  # [s] that it lies still, the hands open and away
    still_m: float = 0.005  # [m] a garment whose vertices all move less in that time lies still
    away_m: float = 0.05  # [m] of every tool from every vertex
    flat_m: float = 0.06  # [m] above the table: what is higher does not lie
    fallen_m: float = 0.15  # [m] below the table: off it
    closed_fraction: float = 0.30  # of the full width: a command below it closes the gripper
    open_fraction: float = 0.40  # of the full width: a command above it opens the gripper

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("hold_s", "still_m", "away_m", "flat_m", "fallen_m")
        if not 0.0 < self.folded < 1.0:
            raise ConfigError(f"folded must be above 0 and below 1, got {self.folded}")
        if not 0.0 < self.closed_fraction < self.open_fraction < 1.0:
            raise ConfigError(
                f"0 < closed_fraction < open_fraction < 1 must hold, got {self.closed_fraction}, {self.open_fraction}"
            )

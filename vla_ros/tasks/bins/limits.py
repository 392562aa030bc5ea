# SPDX-License-Identifier: Apache-2.0
"""What counts in bin picking: config/tasks/bin_pick.yaml."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class BinLimits(TaskLimits):
    """Thresholds of picking. Raises ConfigError for what is not positive."""

    lift_m: float = 0.05
    descent_m: float = 0.08
    above_m: float = 0.005
    beside_m: float = 0.30

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("lift_m", "descent_m", "above_m", "beside_m")

# SPDX-License-Identifier: Apache-2.0
"""What counts in bin picking and packing: config/tasks/bin_pick.yaml and bin_pack.yaml say what each limit is."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.judging import TaskLimits


@dataclass(frozen=True)
class BinLimits(TaskLimits):
    """Thresholds of both tasks. Raises ConfigError for what is not positive."""

    lift_m: float = 0.05
    descent_m: float = 0.08
    above_m: float = 0.005
    beside_m: float = 0.30
    overflow_m: float = 0.03
    rest_s: float = 0.5
    still_m: float = 0.004
    away_m: float = 0.12

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive(*(name for name in vars(self) if name.endswith(("_m", "_s"))))

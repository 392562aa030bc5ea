# SPDX-License-Identifier: Apache-2.0
"""What counts as held, passed on, dropped and placed: limits and thresholds of the handover task."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.placing.limits import PlaceLimits


@dataclass(frozen=True)
class HandoverLimits(PlaceLimits):
    """config/tasks/handover.yaml."""

    grip_m: float = 0.015  # [m] that the tool point of a hand that holds something may be outside its hull
    together_s: float = 0.1  # [s] that both hands hold it
    drop_m: float = 0.06  # [m] above what it comes to lie on: let go of higher it was dropped

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("grip_m", "together_s", "drop_m")

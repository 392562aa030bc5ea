# SPDX-License-Identifier: Apache-2.0
"""What counts as placed, as lifted and as an attempt: limits and thresholds of the placing task."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.closing_limits import ClosingLimits


@dataclass(frozen=True)
class PlaceLimits(ClosingLimits):
    """config/tasks/placing.yaml."""

    time_limit_s: float = 90.0  # [s] simulated
    hold_s: float = 1.0  # [s] that object and receptacle lie still, the hand open and away
    still_m: float = 0.005  # [m] what moves less in that time lies still
    still_rad: float = 0.1
    away_m: float = 0.05  # [m] of the tool from where the hand opened
    lift_m: float = 0.05  # [m] from here on an object counts as lifted
    near_m: float = 0.12  # [m] of the tool to the object: approached
    fallen_m: float = 0.15  # [m] below where it lay: off the table
    wrong_hold_s: float = 5.0  # [s] that another object rests in the receptacle: the episode ends

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("hold_s", "still_m", "still_rad", "away_m", "lift_m", "near_m", "fallen_m", "wrong_hold_s")
        self._check_positive(*names)

# SPDX-License-Identifier: Apache-2.0
"""What counts as cleared away, as lifted and as left alone: limits and thresholds of the bussing task."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.closing_limits import ClosingLimits


@dataclass(frozen=True)
class BussingLimits(ClosingLimits):
    """config/tasks/bussing.yaml."""

    attempts: int = 60
    time_limit_s: float = 360.0  # [s] simulated
    hold_s: float = 1.0  # [s] that a thing lies still in its receptacle, no closed hand at it
    still_m: float = 0.005  # [m] what moves less in that time lies still
    still_rad: float = 0.1
    hand_m: float = 0.12  # [m] of a closed hand's tool to a thing that it may hold
    away_m: float = 0.05  # [m] that a tool moves against what it lifted: it has let go of it
    lift_m: float = 0.05  # [m] from here on a thing counts as lifted
    fallen_m: float = 0.15  # [m] below where it lay: off the table
    moved_m: float = 0.03  # [m] from where it stood: manipulated
    refrain_s: float = 10.0  # [s] without that, where what is asked for is not there
    request_s: float = 90.0  # [s] for one of several requests
    patience_s: float = 2.0  # [s] after which a policy's word on a request counts

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive(
            "hold_s", "still_m", "still_rad", "hand_m", "away_m", "lift_m", "fallen_m", "moved_m", "refrain_s",
            "request_s",
        )  # fmt: skip

# SPDX-License-Identifier: Apache-2.0
"""What tasks with a garment limit alike."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.closing_limits import ClosingLimits


@dataclass(frozen=True)
class GarmentLimits(ClosingLimits):
    """When a garment rests and the hands have let go of it."""

    time_limit_s: float = 90.0  # [s] simulated
    hold_s: float = 1.0  # [s] that it rests, the hands open and away
    still_m: float = 0.005  # [m] a garment whose vertices all move less in that time rests
    away_m: float = 0.05  # [m] of every tool from every vertex
    fallen_m: float = 0.15  # [m] below the table: off it
    closed_fraction: float = 0.30  # fingers that let go of cloth open little
    open_fraction: float = 0.40

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("hold_s", "still_m", "away_m", "fallen_m")

# SPDX-License-Identifier: Apache-2.0
"""What counts as hung and as an attempt: limits and thresholds of the hang task."""

from __future__ import annotations

from dataclasses import dataclass

from vla_ros.tasks.garments.limits import GarmentLimits


@dataclass(frozen=True)
class HangLimits(GarmentLimits):
    """config/tasks/hang.yaml."""

    still_m: float = 0.010  # [m] a garment whose vertices all move less in that time hangs still
    taken_m: float = 0.05  # [m] above the table, of its highest vertex: it was taken
    clear_m: float = 0.010  # [m] above where it lay, of its lowest vertex: nothing of it is on the table

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("taken_m", "clear_m")

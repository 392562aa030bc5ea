# SPDX-License-Identifier: Apache-2.0
"""What counts as folded and as an attempt: limits and thresholds of the fold task."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError
from vla_ros.tasks.garments.limits import GarmentLimits


@dataclass(frozen=True)
class FoldLimits(GarmentLimits):
    """config/tasks/fold.yaml."""

    folded: float = 0.75  # progress from which a garment is folded
    flat_m: float = 0.06  # [m] above the table: what is higher does not lie

    def __post_init__(self) -> None:
        super().__post_init__()
        self._check_positive("flat_m")
        if not 0.0 < self.folded < 1.0:
            raise ConfigError(f"folded must be above 0 and below 1, got {self.folded}")

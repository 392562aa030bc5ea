# SPDX-License-Identifier: Apache-2.0
"""Where before a robot its simulated scenes are."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError


@dataclass(frozen=True)
class Workplace:
    """Scenes are drawn around the base of an arm that stands at a table's edge, 0.8 m above the floor.

    They are put down before another robot as though that base stood at `origin` of its base frame [m], along its axes.
    """

    origin: tuple[float, float, float]
    floor: float = 0.0  # [m] height of the floor

    def __post_init__(self) -> None:
        if max(abs(value) for value in (*self.origin, self.floor)) > 3.0:
            raise ConfigError(f"workplace: give at most 3 m, got {list(self.origin)} and floor {self.floor:g}")

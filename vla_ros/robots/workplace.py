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
    # [m] lowest and highest table top above the base frame, for arms that reach down within less; none: as drawn
    tables: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if self.tables is not None and not self.floor < self.tables[0] <= self.tables[1] <= self.floor + 3.0:
            raise ConfigError(f"workplace: 'tables' must rise from above the floor, to 3 m, got {list(self.tables)}")
        if max(abs(value) for value in (*self.origin, self.floor)) > 3.0:
            raise ConfigError(f"workplace: give at most 3 m, got {list(self.origin)} and floor {self.floor:g}")

    def table_height(self, drawn: float, lowest: float, highest: float) -> float:
        """Return the height above `origin` [m] of a table that was drawn as one of `lowest` to `highest`."""
        if self.tables is None:
            return drawn
        share = (drawn - lowest) / max(highest - lowest, 1e-9)
        return self.tables[0] + share * (self.tables[1] - self.tables[0]) - self.origin[2]

# SPDX-License-Identifier: Apache-2.0
"""What is tried and valued when a grasp is looked for."""

from __future__ import annotations

from dataclasses import dataclass

from controllers.errors import ConfigError


@dataclass(frozen=True)
class GraspSearchConfig:
    """What is tried and what a good grasp is worth. Costs are about 1 where they start to hurt."""

    turns: int = 16  # closing directions over half a turn
    depths: tuple[float, ...] = (0.012, 0.026, 0.045)  # [m] of the tool point below the local top
    tilts: tuple[float, ...] = (0.35, -0.35, 0.7, -0.7)  # [rad] about the closing direction, where upright fails
    seed_spacing: float = 0.014  # [m] between places tried
    seeds: int = 40
    batch: int = 8  # places tried before looking whether one is good enough
    good_enough: float = 1.3  # cost at which the search stops
    table_clearance: float = 0.006  # [m] finger tips above the table
    play: float = 0.004  # [m] by which the widest piece between the pads is narrower than the full opening
    hidden_edge: float = 0.004  # [m] of a thing's far side that no camera measures
    own_margin: float = 0.0015  # [m] open fingers to the thing itself
    own_points: int = 2  # of the thing inside the open fingers: that many are noise
    other_margin: float = 0.007  # [m] open fingers to everything else
    narrow_room: float = 0.012  # [m] on each side where neighbours leave no room for the full opening
    narrow_min: float = 0.048  # [m] narrowest opening: less would count as closed
    center_weight: float = 1.0  # distance from the thing's middle, a quarter of its length
    width_weight: float = 0.5  # width / 7 cm
    slope_weight: float = 2.0  # contact faces not square to the closing direction
    high_weight: float = 1.5  # pads above the middle of something round or low
    shallow_weight: float = 1.5  # less than the pads' height on the thing
    turn_weight: float = 0.15  # turning the wrist / 90 degrees
    tilt_weight: float = 0.5  # tilt / 45 degrees
    narrow_weight: float = 0.4  # not fully open
    slope_max: float = 0.7  # faces this far from square slip out: a slope of 0.35 each is an angle of 19°
    points_min: int = 6  # fewer between the pads is air

    def __post_init__(self) -> None:
        if self.turns < 2 or self.seeds < 1 or self.batch < 1 or not self.depths:
            raise ConfigError("grasp: turns must be >= 2, seeds and batch >= 1, depths not empty")
        if not 0.0 < self.play < 0.05:
            raise ConfigError(f"grasp.play must lie between 0 and 0.05 m, got {self.play}")
        for name, value in vars(self).items():
            if name.endswith(("_weight", "_margin", "_clearance")) and value < 0.0:
                raise ConfigError(f"grasp.{name} must be >= 0, got {value}")

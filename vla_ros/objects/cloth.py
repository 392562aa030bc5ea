# SPDX-License-Identifier: Apache-2.0
"""What a cloth is: a sheet of threads that bends freely and hardly stretches. Descriptions only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

# With more a physics step of 1 ms takes longer than that on one core (docs/objects.md).
VERTICES_MAX = 81


@dataclass(frozen=True, eq=False)
class ClothModel:
    """One rectangular cloth; its frame lies in its middle, the cloth flat in x and y."""

    name: str
    category: str
    color: str  # word of the dominant colour
    size: tuple[float, float]  # [m] along x and y
    count: tuple[int, int]  # vertices along x and y
    mass: float  # [kg]
    rgba: tuple[float, ...] = (0.8, 0.8, 0.8, 1.0)
    texture: np.ndarray | None = None  # (H, W, 3) uint8 RGB over all of it; tinted by rgba
    thickness: float = 0.004  # [m]
    friction: float = 0.6  # sliding, against table and objects; fingers' pads hold everything at their own
    folds: bool = True  # its layers lie upon one another; without they pass through, and a step costs a quarter less

    def __post_init__(self) -> None:
        rows, columns = self.count
        if min(self.count) < 3 or rows * columns > VERTICES_MAX:
            raise ConfigError(
                f"cloth {self.name}: count must be 3 or more each way and {VERTICES_MAX} in all, got {rows} × {columns}"
            )
        spacing = min(self.size[0] / (rows - 1), self.size[1] / (columns - 1))
        if not 0.001 <= self.thickness < spacing:
            raise ConfigError(
                f"cloth {self.name}: thickness must be 1 mm or more and less than what lies between two vertices "
                f"({1e3 * spacing:.0f} mm), got {1e3 * self.thickness:g} mm"
            )
        if not self.mass >= 0.01:
            raise ConfigError(f"cloth {self.name}: mass must be 0.01 kg or more, got {self.mass:g}")

    @property
    def corners(self) -> tuple[int, int, int, int]:
        """Return which vertices are its corners: −x −y, −x +y, +x −y, +x +y."""
        rows, columns = self.count
        return (0, columns - 1, (rows - 1) * columns, rows * columns - 1)

# SPDX-License-Identifier: Apache-2.0
"""The cups of a tool as arrays, in the order of its channels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.tools.description import Cup


@dataclass(frozen=True)
class CupArray:
    """Radius, give and place of C cups, in the tool's frame."""

    radius: np.ndarray  # (C,) [m]
    bellows: np.ndarray  # (C,) [m] how far each lip gives along its axis
    tilt: np.ndarray  # (C,) [rad] how far each lip gives about any axis across
    stroke: np.ndarray  # (C,) [m] how far each piston goes out
    positions: np.ndarray  # (C, 3) [m] of the lips' centres with the pistons in

    @classmethod
    def of(cls, cups: Sequence[Cup]) -> CupArray:
        """Take them from a tool's description. Raises ConfigError for a tool without cups."""
        if not cups:
            raise ConfigError("suction needs a tool with 'cups', got none: name another tool")
        return cls(
            radius=np.array([cup.radius for cup in cups]),
            bellows=np.array([cup.bellows for cup in cups]),
            tilt=np.array([cup.tilt for cup in cups]),
            stroke=np.array([cup.stroke for cup in cups]),
            positions=np.array([(cup.x, cup.y, 0.0) for cup in cups]),
        )

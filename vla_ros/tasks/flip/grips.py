# SPDX-License-Identifier: Apache-2.0
"""How two hands may hold a parcel by its ends for a turn about the line between them. Pure geometry.

The finger tips press on two opposite sides. Each hand slants away from its side, so that wrists of any robot get there,
and is pitched about the line between the hands: the turn takes it from one pitch to another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLANTS = tuple(np.radians((60.0, 45.0, 30.0, 70.0, 20.0)))  # [rad] of the tool out of its side's plane
# [rad] 0: away from the robot; a quarter: down; in the middle of a turn
PITCHES = tuple(np.radians((90.0, 75.0, 105.0, 60.0, 120.0, 45.0, 135.0)))
ROLLS = (False, True)  # half a turn about the tool's axis: fingers are alike, wrists are not
_TOUCHING = 1e-3  # [m] corners so near to the foremost touch with it


@dataclass(frozen=True, eq=False)
class Axis:
    """The line about which a parcel is turned: through its middle, level."""

    middle: np.ndarray  # (3,) [m]
    along: np.ndarray  # (3,) unit, towards the left hand
    reach: float  # [m] from the middle to either side that is pressed

    @property
    def forward(self) -> np.ndarray:
        """Return the level direction (3,) across it, away from the robot."""
        return np.cross(self.along, (0.0, 0.0, 1.0))

    def outwards(self, side: int) -> np.ndarray:
        """Return the direction (3,) out of a side: 0 left, 1 right."""
        return self.along if side == 0 else -self.along


@dataclass(frozen=True)
class Grip:
    """How one hand stands when it takes hold."""

    slant: float  # [rad]
    pitch: float  # [rad] at the beginning of the turn
    rolled: bool = False


def hand_pose(axis: Axis, grip: Grip, side: int, corners: np.ndarray) -> np.ndarray:
    """Return T_base_ee (4, 4) of a hand whose finger tips touch its side of the parcel, centred on the axis.

    `side`: 0 left, 1 right. `corners` (K, 3) [m] of its fingers, tool frame.
    """
    out = axis.outwards(side)
    pointing = np.cos(grip.pitch) * axis.forward - np.sin(grip.pitch) * np.array([0.0, 0.0, 1.0])
    z = np.cos(grip.slant) * pointing - np.sin(grip.slant) * out
    y = np.cross(out, pointing) * (-1.0 if grip.rolled else 1.0)
    T = np.eye(4)
    T[:3, :3] = np.stack([np.cross(y, z), y, z], axis=1)
    offsets = corners @ T[:3, :3].T
    inwards = offsets @ -out
    touching = offsets[inwards > inwards.max() - _TOUCHING].mean(axis=0)
    T[:3, 3] = axis.middle + axis.reach * out - touching
    return T

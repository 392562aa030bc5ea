# SPDX-License-Identifier: Apache-2.0
"""How two hands may hold a parcel by its ends for a turn about the line between them. Pure geometry.

The finger tips press on two opposite sides. Each hand slants away from its side, so that wrists of any robot get there,
and is pitched about the line between the hands: the turn takes it from one pitch to another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

SLANTS = tuple(np.radians((60.0, 50.0, 70.0, 40.0, 80.0, 30.0)))  # [rad] of the tool out of its side's plane
SPREAD = 0.05  # [m] between finger tips that press side by side: they keep the parcel from turning in the hands
PITCH_MIDDLE = np.pi / 2  # [rad] a hand that points down; 0 points away from the robot
PITCHES = tuple(np.radians((0.0, -15.0, 15.0, -30.0, 30.0, -45.0, 45.0)))  # [rad] of the middle of the turn from that
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


@dataclass(frozen=True)
class Grip:
    """How both hands stand when they take hold."""

    slant: float  # [rad]
    pitch: float  # [rad] at the beginning of the turn
    half_turned: tuple[bool, bool]  # each hand's roll about its tool's axis: fingers are alike, wrists are not


def grips(turn: float) -> Iterator[Grip]:
    """Return ways to hold for a turn [rad] about the axis, positive from forward to down; the surest first."""
    for slant in SLANTS:
        for shift in PITCHES:
            pitch = PITCH_MIDDLE + shift - turn / 2
            for half_turned in ((False, False), (True, True), (False, True), (True, False)):
                yield Grip(slant, pitch, half_turned)


def hand_pose(axis: Axis, grip: Grip, side: int, corners: np.ndarray) -> np.ndarray:
    """Return T_base_ee (4, 4) of a hand whose finger tips touch its side of the parcel, centred on the axis.

    `side`: 0 left, 1 right. `corners` (K, 3) [m] of its fingers, tool frame.
    """
    sign = 1.0 if side == 0 else -1.0
    a, f, up = sign * axis.along, axis.forward, np.array([0.0, 0.0, 1.0])
    pointing = np.cos(grip.pitch) * f - np.sin(grip.pitch) * up
    z = np.cos(grip.slant) * pointing - np.sin(grip.slant) * a
    y = np.cross(a, pointing) * (-1.0 if grip.half_turned[side] else 1.0)
    T = np.eye(4)
    T[:3, :3] = np.stack([np.cross(y, z), y, z], axis=1)
    offsets = corners @ T[:3, :3].T
    inwards = offsets @ -a
    touching = offsets[inwards > inwards.max() - _TOUCHING].mean(axis=0)
    T[:3, 3] = axis.middle + axis.reach * a - touching
    return T

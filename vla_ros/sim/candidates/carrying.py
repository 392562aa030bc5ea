# SPDX-License-Identifier: Apache-2.0
"""Whether sealed cups carry an object through the lift and the fast move after it.

Shape legend: N candidates, C cups, A accelerations.
"""

from __future__ import annotations

import numpy as np

from vla_ros.robots.suction.cup_array import CupArray
from vla_ros.robots.suction.holding import hold, required_force
from vla_ros.robots.suction.seal import Seal
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.still_scene import StillScene

MOVE, DIRECTIONS = 5.0, 8  # [m/s²] sideways, in so many directions, and up
SAFETY = 1.5  # of what is smooth and dense (Schmalz, "Theoretical holding force of a suction cup")
GRAVITY = np.array([0.0, 0.0, -9.81])  # [m/s²]


def accelerations() -> np.ndarray:
    """Return (A, 3) [m/s²] in the base frame: sideways in eight directions, and up."""
    angle = 2.0 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS
    sideways = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(DIRECTIONS)])
    return MOVE * np.concatenate([sideways, [[0.0, 0.0, 1.0]]])


def suction_utilisation(
    still: StillScene,
    tool: Tool,
    sealing: Seal,
    on: np.ndarray,
    positions: np.ndarray,
    rotations: np.ndarray,
    objects: np.ndarray,
) -> np.ndarray:
    """Return (N,) the greatest share of the limits of cups that are `on` (N, C) over all accelerations.

    Infinite where none is on. `positions` (N, 3), `rotations` (N, 3, 3) of the tool, `objects` (N,) what it carries.
    """
    worst = np.full(len(on), np.inf)
    rows = np.flatnonzero(on.any(axis=1))
    if not len(rows):
        return worst
    moves = accelerations()
    cups = CupArray.of(tool.cups)
    carried, R = objects[rows], rotations[rows]
    force = required_force(still.masses[carried][:, None], moves[None], GRAVITY)  # (n, A, 3) base frame
    center = np.einsum("nij,ni->nj", R, still.centers[carried] - positions[rows])
    lips = cups.positions + sealing.distance[rows][..., None] * np.array([0.0, 0.0, 1.0])

    def each(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, len(moves), axis=0)

    held = hold(
        each(on[rows]),
        each(lips),
        each(sealing.axis[rows]),
        cups.radius,
        each(tool.vacuum * sealing.vacuum_share[rows]),
        np.einsum("nij,nai->naj", R, force).reshape(-1, 3),
        each(center),
    )
    worst[rows] = held.utilisation.reshape(len(rows), len(moves)).max(axis=1)
    return worst

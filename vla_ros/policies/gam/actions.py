# SPDX-License-Identifier: Apache-2.0
"""Candidates to the numbers that actor and critic speak of, and back (GAM, section II-A). Imports no PyTorch.

A row: position 3, rotation 6 (two columns of the matrix, Zhou et al. 2019), finger width, finger depth, then one number
an element of the tool, −1 off to 1 on. Positions are in the scene's frame, in units of `scales.position`.
Shape legend: N candidates, K elements that there is room for, A = POSE + K numbers of a row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from controllers.errors import ConfigError
from vla_ros.policies.actions import rotation_6d
from vla_ros.policies.gam.config import ActionScales
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION, Tool

POSITION, ROTATION, WIDTH, DEPTH = slice(0, 3), slice(3, 9), 9, 10
POSE = 11  # numbers of a row before those of the elements
ON = 0.5  # probability from which on an element acts


@dataclass(frozen=True, eq=False)
class Candidates:
    """Poses of the tool's frame in the scene's frame, and what the tool's elements do there."""

    positions: np.ndarray  # (N, 3) [m]
    rotations: np.ndarray  # (N, 3, 3) of scene from tool
    active: np.ndarray  # (N, K of the tool) probability 0 to 1 that an element acts, in the order of its channels
    widths: np.ndarray  # (N,) [m] between fingers; NaN where it does not matter
    depths: np.ndarray  # (N,) [m] of the fingers' tips beyond the tool's plane; NaN where it does not matter

    def __post_init__(self) -> None:
        count = len(self.positions)
        shapes = {"positions": (count, 3), "rotations": (count, 3, 3), "widths": (count,), "depths": (count,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ConfigError(f"candidates: {name} has shape {getattr(self, name).shape}, expected {shape}")
        if self.active.ndim != 2 or len(self.active) != count:
            raise ConfigError(f"candidates: active has shape {self.active.shape}, expected ({count}, elements)")


def encode(candidates: Candidates, scales: ActionScales, room: int) -> np.ndarray:
    """Return (N, POSE + room) float32; what does not matter is 0. Raises ConfigError where the room is too small."""
    count, elements = candidates.active.shape
    if elements > room:
        raise ConfigError(f"candidates have {elements} elements: give room for as many, got {room}")
    rows = np.zeros((count, POSE + room), dtype=np.float32)
    rows[:, POSITION] = candidates.positions / scales.position
    rows[:, ROTATION] = rotation_6d.from_matrices(candidates.rotations)
    rows[:, WIDTH] = np.nan_to_num(2.0 * candidates.widths / scales.width - 1.0)
    rows[:, DEPTH] = np.nan_to_num(2.0 * candidates.depths / scales.depth - 1.0)
    rows[:, POSE : POSE + elements] = 2.0 * candidates.active - 1.0
    return rows


def decode(rows: np.ndarray, scales: ActionScales, tool: Tool) -> Candidates:
    """Return candidates of rows (N, A) with proper rotations, and widths and depths that are in range.

    Raises ConfigError for rows that have no number for some element of the tool.
    """
    elements = len(tool.names)
    rows = np.asarray(rows, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] < POSE + elements:
        raise ConfigError(f"rows have shape {rows.shape}: tool '{tool.name}' needs (N, {POSE + elements}) or wider")
    lengths = (np.clip((rows[:, index] + 1.0) / 2.0, 0.0, 1.0) for index in (WIDTH, DEPTH))
    widths, depths = (
        length * scale if tool.fingers else np.full(len(rows), np.nan)
        for length, scale in zip(lengths, (scales.width, scales.depth), strict=True)
    )
    return Candidates(
        positions=rows[:, POSITION] * scales.position,
        rotations=rotation_6d.to_matrices(rows[:, ROTATION], 1e-9),
        active=np.clip((rows[:, POSE : POSE + elements] + 1.0) / 2.0, 0.0, 1.0),
        widths=widths,
        depths=depths,
    )


def decided(candidates: Candidates) -> Candidates:
    """Return candidates whose elements act or do not; the surest one where none is sure to."""
    on = candidates.active >= ON
    surest = candidates.active.argmax(axis=1)
    on[~on.any(axis=1), surest[~on.any(axis=1)]] = True
    return replace(candidates, active=on.astype(float))


def taking(candidates: Candidates, tool: Tool, mode: str) -> np.ndarray:
    """Say (N,) which have something on that takes: where cups do, one of them."""
    if mode not in (SUCTION, CAGE):
        return np.ones(len(candidates.positions), bool)
    return np.asarray((candidates.active[:, : len(tool.cups)] >= ON).any(axis=1))


def loss_weights(tool: Tool, mode: str, room: int) -> np.ndarray:
    """Return (POSE + room,) float32: how much the error of each number counts in the loss.

    Position, rotation and elements weigh as much as three numbers each, however many they are; width and depth count
    where fingers act, and elements that the tool has not count nothing.
    """
    weights = np.zeros(POSE + room, dtype=np.float32)
    weights[POSITION] = 1.0
    weights[ROTATION] = 3.0 / 6.0
    if tool.fingers and mode in (PINCH, CAGE):
        weights[[WIDTH, DEPTH]] = 1.0
    elements = len(tool.names)
    weights[POSE : POSE + elements] = 3.0 / elements
    return weights

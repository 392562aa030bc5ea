# SPDX-License-Identifier: Apache-2.0
"""Chunks through this stack's control: aligned, spliced, filtered and limited as on a robot, and followed perfectly."""

from __future__ import annotations

import numpy as np

from bench.franka import ARM, WIDTH, Franka
from bench.moving_line.delays import TICK
from bench.moving_line.drive import Drive
from bench.moving_line.task import BEGINNING, CODEC, FRAME
from bench.moving_line.task import WIDTH as OPENING
from controllers.chunks.chunk import ActionChunk
from controllers.follower import ChunkFollower
from controllers.rotations import from_matrix

SUBTICKS = 5  # of control in a TICK: 250 Hz
_THERE_S = 5.0  # [s] in which the arm goes from home to where drives begin


class Splicing:
    """The Franka's follower, whose joints are where they are commanded one tick later."""

    def __init__(self, franka: Franka, q: np.ndarray) -> None:
        """Begin at q (N,) [rad]."""
        self._follower = follower(franka, q)
        self._q, self._time = q.copy(), 0.0
        self._path: list[np.ndarray] = []

    def take(self, chunk: ActionChunk, now: float) -> None:
        """Splice."""
        self._follower.submit(chunk, now)

    def run(self, begin: float, end: float) -> None:
        """Tick."""
        for k in range(round((end - begin) / TICK)):
            self._path.append(self.pose[:3, 3].copy())
            self._q = tick(self._follower, self._q, begin + k * TICK)

    @property
    def pose(self) -> np.ndarray:
        """Return the commanded pose (4, 4)."""
        return self._follower.arms[ARM].progress.T_base_ee_commanded.copy()

    def driven(self) -> Drive:
        """Return what was commanded; its transitions have no steps."""
        return Drive(np.array(self._path), np.zeros(1), np.zeros(1))


def follower(franka: Franka, q: np.ndarray) -> ChunkFollower:
    """Return an enabled follower of an arm at q (N,) [rad]."""
    made = franka.follower("position")
    made.activate(q, np.zeros(len(q)), {WIDTH: OPENING}, 0.0)
    return made


def tick(follower: ChunkFollower, q: np.ndarray, begin: float) -> np.ndarray:
    """Let a TICK pass from `begin` [s] with the joints at q (N,) [rad]; return where they are then."""
    dt = TICK / SUBTICKS
    for k in range(SUBTICKS):
        command = follower.tick(begin + k * dt, dt, q, np.zeros(len(q)))
        q = command.arms[ARM].position.copy()
    return q


def beginning(franka: Franka) -> np.ndarray:
    """Return joints (N,) [rad] with which the tool is where drives begin, as control itself gets there from home."""
    made = follower(franka, franka.home)
    T = franka.model.forward(franka.home)
    count = 10
    share = np.arange(1, count + 1)[:, None] / count
    positions = T[:3, 3] + share * (BEGINNING[:3, 3] - T[:3, 3])
    values = np.column_stack(
        [positions, np.tile(from_matrix(BEGINNING[:3, :3]), (count, 1)), np.full(count, OPENING), np.zeros(count)]
    )
    made.submit(ActionChunk(0.0, FRAME, CODEC.channels, _THERE_S * share[:, 0], values), 0.0)
    q = franka.home
    for k in range(round(1.2 * _THERE_S / TICK)):
        q = tick(made, q, k * TICK)
    return q

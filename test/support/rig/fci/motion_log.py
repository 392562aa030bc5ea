# SPDX-License-Identifier: Apache-2.0
"""What a simulated arm did, a row a millisecond."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROW = np.dtype(
    [
        *(("arrived", "<f8"), ("time", "<f8")),  # [s] monotonic, when it had the command; [s] its own
        *(("q", "<f8", 7), ("dq", "<f8", 7), ("tau", "<f8", 7)),  # [rad], [rad/s], [N·m] commanded
        ("moving", "?"),  # whether a client's motion ran
    ]
)
KEPT = 60_000


class MotionLog:
    """Keep the newest rows."""

    def __init__(self) -> None:
        self._rows = np.zeros(KEPT, ROW)
        self._count = 0

    def add(self, *row: object) -> None:
        """Note a row."""
        self._rows[self._count % KEPT] = row
        self._count += 1

    def take(self) -> np.ndarray:
        """Return the rows since the last time."""
        count = min(self._count, KEPT)
        rows = np.roll(self._rows, -self._count, 0)[-count:] if self._count > KEPT else self._rows[:count].copy()
        self._count = 0
        return rows


@dataclass(frozen=True)
class Motion:
    """Rows as arrays."""

    arrived: np.ndarray  # (T,) [s] monotonic
    time: np.ndarray  # (T,) [s]
    q: np.ndarray  # (T, 7) [rad]
    dq: np.ndarray  # (T, 7) [rad/s]
    tau: np.ndarray  # (T, 7) [N·m]
    moving: np.ndarray  # (T,)


def read_motion(path: Path) -> Motion:
    """Read rows that were saved."""
    rows = np.load(path)
    return Motion(*(rows[name] for name in ROW.names or ()))

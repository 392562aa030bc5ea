# SPDX-License-Identifier: Apache-2.0
"""What an arm and its gripper were commanded in an episode, and where the episode began. Shape legend: T samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import VlaError
from vla_ros.policies.action_encoding import continuous

STILL_M, STILL_RAD, STILL_WIDTH = 5e-4, 5e-3, 1e-3  # an arm that has moved no further has not begun


@dataclass(frozen=True, eq=False)
class RecordedMotion:
    """Commanded tool poses and widths over time, 0 where the motion begins.

    Raises VlaError when there is nothing to execute.
    """

    times: np.ndarray  # (T,) [s]
    poses: np.ndarray  # (T, 7) position [m], quaternion xyzw, in the base frame
    widths: np.ndarray  # (T,) [m] in force from each time on
    start: Mapping[str, float]  # [rad] the arm's joints where it began, by name
    instruction: str = ""
    source: str = ""  # what it was read from, in words
    scene: Mapping[str, object] = field(default_factory=dict)  # what sim_node said of the scene, if it was simulated

    def __post_init__(self) -> None:
        if len(self.times) < 2:
            raise VlaError(f"{self.source}: holds no motion: the arm was not commanded in this episode")
        object.__setattr__(self, "poses", np.hstack([self.poses[:, :3], continuous(self.poses[:, 3:])]))

    @property
    def duration(self) -> float:
        """Return how long it takes [s]."""
        return float(self.times[-1])

    def between(self, begin: float, end: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return times, poses and widths after `begin` [s] up to `end`; the last sample at least."""
        chosen = (self.times > begin + 1e-9) & (self.times <= end + 1e-9)
        if not chosen.any():
            chosen[-1] = True
        return self.times[chosen], self.poses[chosen], self.widths[chosen]

    def trimmed(self) -> RecordedMotion:
        """Leave out what is before the arm or its gripper first moves, but for a moment."""
        moved = (
            (np.linalg.norm(self.poses[:, :3] - self.poses[0, :3], axis=1) > STILL_M)
            | (2.0 * np.arccos(np.clip(np.abs(self.poses[:, 3:] @ self.poses[0, 3:]), 0.0, 1.0)) > STILL_RAD)
            | (np.abs(self.widths - self.widths[0]) > STILL_WIDTH)
        )
        first = max(0, int(np.argmax(moved)) - 1) if moved.any() else len(moved)
        kept = slice(first, None)
        return RecordedMotion(
            self.times[kept] - (self.times[first] if first < len(moved) else 0.0), self.poses[kept], self.widths[kept],
            self.start, self.instruction, self.source, self.scene,
        )  # fmt: skip


def resampled(
    stamps: np.ndarray, poses: np.ndarray, width_stamps: np.ndarray, widths: np.ndarray, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return times from 0 on, every `step` [s], with the nearest pose before each and the width in force."""
    times = np.arange(0.0, stamps[-1] - stamps[0] + 1e-9, step)
    at = np.searchsorted(stamps, stamps[0] + times + 1e-9, side="right") - 1
    if len(width_stamps):
        width_at = np.clip(np.searchsorted(width_stamps, stamps[0] + times + 1e-9, side="right") - 1, 0, None)
        taken = widths[width_at]
    else:
        taken = np.full(len(times), np.nan)
    return times, poses[at], taken

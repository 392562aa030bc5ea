# SPDX-License-Identifier: Apache-2.0
"""What a robot was commanded in an episode, and where the episode began. Shape legend: T samples, C channels."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import ORIENTATION_AXES, ChannelKind, channel_kind
from controllers.errors import VlaError
from vla_ros.policies.actions.encoding import continuous

# What has changed no further has not begun to move.
STILL = {
    ChannelKind.POSITION: 3e-4,  # [m] along each axis
    ChannelKind.ORIENTATION: 2e-3,  # of a unit quaternion's components
    ChannelKind.JOINT: 5e-3,  # [rad], [m]
    ChannelKind.VELOCITY: 5e-3,  # [m/s], [rad/s]
    ChannelKind.GRIPPER: 1e-3,  # [m], suction 0 or 1
}


@dataclass(frozen=True, eq=False)
class RecordedMotion:
    """Commanded values over time, 0 where the motion begins.

    Raises VlaError when there is nothing to execute.
    """

    times: np.ndarray  # (T,) [s]
    channels: tuple[str, ...]
    values: np.ndarray  # (T, C) absolute; poses in the base frame
    start: Mapping[str, float]  # [rad], [m] the groups' joints where it began, by name
    instruction: str = ""
    source: str = ""  # what it was read from, in words
    scene: Mapping[str, object] = field(default_factory=dict)  # what sim_node said of the scene, if it was simulated

    def __post_init__(self) -> None:
        if len(self.times) < 2 or not self.channels:
            raise VlaError(f"{self.source}: holds no motion: the arm was not commanded in this episode")
        values = np.array(self.values, dtype=np.float64)
        for first in [i for i, name in enumerate(self.channels) if name.endswith(ORIENTATION_AXES[0])]:
            values[:, first : first + 4] = continuous(values[:, first : first + 4])
        object.__setattr__(self, "values", values)

    @property
    def duration(self) -> float:
        """Return how long it takes [s]."""
        return float(self.times[-1])

    def columns(self, channels: Sequence[str]) -> np.ndarray:
        """Return the values (T, N) of some channels."""
        return self.values[:, [self.channels.index(name) for name in channels]]

    def between(self, begin: float, end: float) -> tuple[np.ndarray, np.ndarray]:
        """Return times and values after `begin` [s] up to `end`; the last sample at least."""
        chosen = (self.times > begin + 1e-9) & (self.times <= end + 1e-9)
        if not chosen.any():
            chosen[-1] = True
        return self.times[chosen], self.values[chosen]

    def trimmed(self) -> RecordedMotion:
        """Leave out what is before anything first moves, but for a moment."""
        still = np.array([STILL.get(channel_kind(name), np.inf) for name in self.channels])
        rest = np.where([channel_kind(name) is ChannelKind.VELOCITY for name in self.channels], 0.0, self.values[0])
        moved = (np.abs(self.values - rest) > still).any(axis=1)
        if not moved.any():
            raise VlaError(f"{self.source}: holds no motion: nothing was moved in this episode")
        first = max(0, int(np.argmax(moved)) - 1)
        times = self.times[first:] - self.times[first]
        return dataclasses.replace(self, times=times, values=self.values[first:])


def resampled(
    streams: Sequence[tuple[np.ndarray, np.ndarray]], span: tuple[float, float], step: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return times (T,) from 0 on, every `step` [s], and what each of `streams` says then, side by side (T, C).

    A stream is its stamps (N,) [s] and rows (N, D). The row before a time is in force, the first before all.
    """
    begin, end = span
    times = np.arange(0.0, end - begin + 1e-9, step)
    taken = []
    for stamps, rows in streams:
        at = np.clip(np.searchsorted(stamps, begin + times + 1e-9, side="right") - 1, 0, None)
        taken.append(rows[at])
    return times, np.hstack(taken)

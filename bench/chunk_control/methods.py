# SPDX-License-Identifier: Apache-2.0
"""What others do with chunks, as generators of a tool reference. Shape legend: H points of a chunk.

Each is done as well as its authors do it, for an arm whose control loop is faster than the chunk's steps: lines
between positions, slerp between orientations, the line's own twist given to the impedance law, and a chunk begins
with the pose it was computed from. All times are those of the sampled reference.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from scipy.spatial.transform import Rotation

from bench.chunk_control.polyline import Polyline, between
from controllers.chunks.chunk import ActionChunk

ALIKE_S = 1e-6  # [s] points of two chunks this near are the same step


class Method(Protocol):
    """A reference generator."""

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Take a chunk at `now` [s]; `origin` (7,) was commanded at its stamp."""

    def sample(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the reference pose (7,) and twist (6,) at `now` [s]; called with times that never decrease."""

    def ready(self, now: float, settled: bool) -> bool:
        """Say whether the policy may look; `settled` when the tool rests where it is commanded to be."""


def line_of(chunk: ActionChunk, origin: np.ndarray, began: float) -> Polyline:
    """Return the chunk as a line that leaves `origin` (7,) at `began` [s]."""
    times = began + np.concatenate([[0.0], chunk.times])
    return Polyline(times, np.vstack([origin, chunk.values]))


class Naive:
    """The newest chunk counts from the moment it arrives, where the clock says."""

    def __init__(self, start: np.ndarray) -> None:
        """Hold `start` (7,) until the first chunk."""
        self._line = Polyline(np.zeros(1), start[None])

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Replace what there is."""
        self._line = line_of(chunk, origin, chunk.stamp)

    def sample(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the newest chunk's pose and twist."""
        return self._line.sample(now)

    def ready(self, now: float, settled: bool) -> bool:
        """Look at any time."""
        return True


class Blocking:
    """Execute the first part of a chunk, come to rest, look, wait for the next: GraspVLA's evaluations, openpi's loop.

    Half the chunk is executed, at most 0.8 s: 8 steps of 16 as Diffusion Policy does.
    """

    EXECUTED_S = 0.8
    PATIENCE_S = 0.5  # [s] after which an arm that does not settle is looked at all the same

    def __init__(self, start: np.ndarray) -> None:
        """Hold `start` (7,) until the first chunk."""
        self._line = Polyline(np.zeros(1), start[None])

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Begin the chunk now: the arm stands where it stood when the policy looked."""
        line = line_of(chunk, self._line.poses[-1], now)
        count = 1 + max(1, round(min(chunk.duration / 2, self.EXECUTED_S) / float(np.diff(chunk.times).mean())))
        self._line = Polyline(line.times[:count], line.poses[:count])

    def sample(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the chunk's pose and twist, then its last executed pose."""
        return self._line.sample(now)

    def ready(self, now: float, settled: bool) -> bool:
        """Look when the arm has come to rest."""
        return now >= self._line.end and (settled or now >= self._line.end + self.PATIENCE_S)


class WeightedAverage(Naive):
    """LeRobot's asynchronous inference: where chunks overlap, 0.3 of the queue and 0.7 of the newcomer.

    As in its robot client's `_aggregate_action_queues` with `weighted_average`, recursively: the step being executed
    stays, steps after it are averaged, steps beyond the queue are taken as they come. So positions never jump.
    """

    OLD = 0.3

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Merge a chunk into the queue."""
        queue, line = self._line, line_of(chunk, origin, chunk.stamp)
        if now >= queue.end - ALIKE_S:  # nothing is left to be averaged with
            ahead = line.times > now + ALIKE_S
            times, poses = line.times[ahead], line.poses[ahead]
            last = queue.sample(now)[0]
            if len(times):
                self._line = Polyline(np.concatenate([[now], times]), np.vstack([last, poses]))
            return
        executing = queue.times[np.searchsorted(queue.times, now - ALIKE_S)]  # the step being moved to
        kept = queue.times <= executing + ALIKE_S
        times, poses = list(queue.times[kept]), list(queue.poses[kept])
        for t, pose in zip(line.times, line.poses, strict=True):
            if t > executing + ALIKE_S:
                old = t <= queue.end + ALIKE_S
                poses.append(between(queue.sample(min(t, queue.end))[0], pose, 1.0 - self.OLD) if old else pose)
                times.append(t)
        recent = max(0, int(np.searchsorted(times, now)) - 2)  # what is past is forgotten
        self._line = Polyline(np.array(times[recent:]), np.array(poses[recent:]))


class TemporalEnsemble:
    """ACT: every step is the mean of all chunks that speak of it, weighted exp(−0.01 i), the oldest first (i = 0)."""

    DECAY = 0.01

    def __init__(self, start: np.ndarray) -> None:
        """Hold `start` (7,) until the first chunk."""
        self._chunks: list[Polyline] = []
        self._step = 0.0  # [s]
        self._line = Polyline(np.zeros(1), start[None])

    def submit(self, chunk: ActionChunk, origin: np.ndarray, now: float) -> None:
        """Add a chunk to the ensemble; it counts from the next step on."""
        self._step = float(np.diff(chunk.times).mean())
        self._chunks = [*(old for old in self._chunks if old.end > now), line_of(chunk, origin, chunk.stamp)]

    def sample(self, now: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the pose and twist on the way from the last step to the one being moved to."""
        if self._step and now >= self._line.end - ALIKE_S:
            here = self._line.sample(now)[0]
            ahead = self._step * (np.floor(now / self._step + ALIKE_S) + 1.0)
            there = self.ensemble(ahead)
            if there is not None:
                self._line = Polyline(np.array([now, ahead]), np.stack([here, there]))
        return self._line.sample(now)

    def ensemble(self, t: float) -> np.ndarray | None:
        """Return the mean (7,) of what the chunks say of time t [s]; None when none does."""
        spoken = [chunk.sample(min(t, chunk.end))[0] for chunk in self._chunks if chunk.end >= t - ALIKE_S]
        if not spoken:
            return None
        weights = np.exp(-self.DECAY * np.arange(len(spoken)))
        poses = np.array(spoken)
        position = weights @ poses[:, :3] / weights.sum()
        return np.concatenate([position, Rotation.from_quat(poses[:, 3:]).mean(weights).as_quat()])

    def ready(self, now: float, settled: bool) -> bool:
        """Look at any time."""
        return True


BASELINES = {
    "blocking": Blocking,
    "naive": Naive,
    "averaging": WeightedAverage,
    "ensembling": TemporalEnsemble,
}

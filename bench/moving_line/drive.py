# SPDX-License-Identifier: Apache-2.0
"""Let a policy lead the tool past the post and along the line, its chunks late, each by a delay of its own.

Shape legend: T ticks, K transitions.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bench.moving_line.delays import TICK, DelayedWorld
from bench.moving_line.task import BEGINNING, PERIOD, POST, POST_RADIUS, observation_at, tool_pose
from controllers.chunks.chunk import ActionChunk
from vla_ros.policies.base import Policy
from vla_ros.policies.chunking.sampling import sample_chunk

LONG_S = 8.2  # [s] of a drive
REPLAN_S = 0.4  # [s] from look to look, or longer where an inference is longer
CORRECTION_S = 0.02  # [s] a look takes that no inference is waited for


@dataclass(frozen=True)
class Jump:
    """When the line jumps [s], and how far [m]."""

    at: float
    by: float

    def place(self, time: float) -> float:
        """Return where the line is [m] at `time` [s]."""
        return self.by if time >= self.at - 1e-9 else 0.0


@dataclass(frozen=True, eq=False)
class Drive:
    """One way."""

    path: np.ndarray  # (T, 3) [m] commanded, every TICK
    transition_position: np.ndarray  # (K,) [m] step of the commanded position where a chunk took over from another
    transition_velocity: np.ndarray  # (K,) [m/s]

    @property
    def clearance(self) -> float:
        """Return how near the path came to the post's surface [m]; negative inside."""
        at = self.path[:, :2] - [BEGINNING[0, 3], POST]
        return float(np.linalg.norm(at, axis=1).min()) - POST_RADIUS

    @property
    def _velocities(self) -> np.ndarray:
        return np.diff(self.path[:: round(PERIOD / TICK)], axis=0) / PERIOD

    @property
    def bend(self) -> float:
        """Return the largest change of velocity from one period to the next [m/s], the start left out."""
        return float(np.linalg.norm(np.diff(self._velocities[5:], axis=0), axis=1).max())

    @property
    def jerk(self) -> float:
        """Return the RMS jerk [m/s³] of the path as periods see it, the start left out."""
        jerks = np.diff(self._velocities[5:], 2, axis=0) / PERIOD**2
        return float(np.sqrt((np.linalg.norm(jerks, axis=1) ** 2).mean()))

    def error(self, line: float) -> float:
        """Return how far from a line `line` [m] aside it ended [m]."""
        return abs(float(self.path[-1, 0]) - BEGINNING[0, 3] - line)

    def settled(self, line: float, within: float) -> float:
        """Return since when it is no further than `within` [m] from a line `line` [m] aside [s]."""
        away = np.flatnonzero(np.abs(self.path[:, 0] - BEGINNING[0, 3] - line) > within)
        return TICK * (away[-1] + 1) if len(away) else 0.0


class Follower(Protocol):
    """What executes chunks: by the clock, or through control."""

    def take(self, chunk: ActionChunk, now: float) -> None:
        """Have a chunk take over at `now` [s]."""
        ...

    def run(self, begin: float, end: float) -> None:
        """Execute from `begin` [s] to before `end` [s]."""
        ...

    @property
    def pose(self) -> np.ndarray:
        """Return the commanded pose (4, 4)."""
        ...

    def driven(self) -> Drive:
        """Return what was commanded."""
        ...


class Abrupt:
    """Chunks are swapped by the clock and followed perfectly: what control would smooth is seen as it is."""

    def __init__(self) -> None:
        self._active: ActionChunk | None = None
        self._path: list[np.ndarray] = []
        self._steps: list[np.ndarray] = []

    def take(self, chunk: ActionChunk, now: float) -> None:
        """Swap. Before its first point a chunk leads there from where the tool was when it was seen."""
        if self._active is not None:
            origin = sample_chunk(self._active, np.array([chunk.stamp]))
            times, values = np.append(0.0, chunk.times), np.vstack([origin, chunk.values])
            chunk = dataclasses.replace(chunk, times=times, values=values)
            self._steps.append(_motion(chunk, now) - _motion(self._active, now))
        self._active = chunk

    def run(self, begin: float, end: float) -> None:
        """Sample."""
        times = begin + TICK * np.arange(round((end - begin) / TICK))
        if self._active is None:
            self._path.append(np.tile(BEGINNING[:3, 3], (len(times), 1)))
        elif len(times):
            self._path.append(sample_chunk(self._active, times)[:, :3])
        self._at = end

    @property
    def pose(self) -> np.ndarray:
        """Return the commanded pose (4, 4)."""
        if self._active is None:
            return BEGINNING
        return tool_pose(sample_chunk(self._active, np.array([self._at]))[0, :3])

    def driven(self) -> Drive:
        """Return what was commanded."""
        steps = np.linalg.norm(self._steps, axis=-1)
        return Drive(np.concatenate(self._path), steps[:, 0], steps[:, 1])


def _motion(chunk: ActionChunk, t: float) -> np.ndarray:
    """Return position [m] and velocity [m/s] (2, 3) at time t [s]."""
    here, soon = sample_chunk(chunk, np.array([t, t + TICK]))[:, :3]
    return np.stack([here, (soon - here) / TICK])


def drive_waiting(policy: Policy, follower: Follower, jump: Jump | None, executed: int | None) -> tuple[Drive, int]:
    """Drive once with a robot that waits for its chunks, as policies are mostly evaluated; return it and the looks.

    Of each chunk the first `executed` actions are executed, or all, before the next look; time stands still meanwhile.
    """
    policy.reset()
    now, looks = 0.0, 0
    while now < LONG_S - 1e-9:
        chunk = policy.infer(observation_at(now, follower.pose, 0.0 if jump is None else jump.place(now)))
        looks += 1
        follower.take(chunk, now)
        count = len(chunk.times) if executed is None else min(executed, len(chunk.times))
        later = min(LONG_S, now + float(chunk.times[count - 1]))
        follower.run(now, later)
        now = later
    return follower.driven(), looks


def drive(policy: Policy, follower: Follower, world: DelayedWorld, jump: Jump | None, corrected: bool) -> Drive:
    """Drive once. `corrected`: looks are answered at once, one each PERIOD, and inferences run beside."""
    policy.reset()
    now, first = 0.0, True
    while now < LONG_S - 1e-9:
        takes = CORRECTION_S if corrected else world.draw()
        world.look(now, takes)
        chunk = policy.infer(observation_at(now, follower.pose, 0.0 if jump is None else jump.place(now)))
        takes = 0.0 if first else max(takes, world.waited)  # the arm stands, and waits for the first one
        ready = min(LONG_S, now + TICK * round(takes / TICK))
        follower.run(now, ready)
        follower.take(chunk, ready)
        later = min(LONG_S, max(ready, now + (PERIOD if corrected else REPLAN_S)))
        follower.run(ready, later)
        now, first = later, False
    return follower.driven()

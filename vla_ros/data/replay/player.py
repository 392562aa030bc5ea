# SPDX-License-Identifier: Apache-2.0
"""Turn a recorded motion into chunks, each from where control says it is: an arm that waits is waited for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import ActionChunk, ChannelKind, channel_kind, instruction_hash
from controllers.errors import VlaError
from vla_ros.data.replay.recorded_motion import RecordedMotion

HORIZON_S, PERIOD_S = 1.0, 0.2  # [s] of motion in a chunk, and between two chunks
STALLED_S = 8.0  # [s] without progress after which something is in the way
ENDING_S = 0.1  # [s] before the end in which control may last have been heard
APPROACH_S = 0.4  # [s] in which an arm that is not quite at the beginning gets there


class ReplayPlayer:
    """What to send when, at a share `speed` of the recorded speed."""

    def __init__(self, motion: RecordedMotion, frame: str, speed: float = 1.0) -> None:
        """Take the frame of the robot's base."""
        self.motion = motion
        self._frame, self._speed = frame, speed
        velocities = [channel_kind(name) is ChannelKind.VELOCITY for name in motion.channels]
        self._scale = np.where(velocities, speed, 1.0)
        self._instruction = instruction_hash(motion.instruction) if motion.instruction else 0
        self._begins: dict[int, float] = {}  # recorded time [s] at which each of the last chunks begins
        self._sequence = 0
        self._reached = 0.0  # [s] of the recorded motion
        self._sent = self._advanced = -np.inf  # [s] the last chunk, the last progress
        self._whole = False  # everything has been sent
        self.finished = False

    @property
    def share(self) -> float:
        """Return how much has been executed, 0 to 1."""
        return min(1.0, self._reached / max(self.motion.duration, 1e-9))

    def take(self, now: float, sequence: int, executed_s: float, moving: bool) -> ActionChunk | None:
        """Return the chunk to send at `now` [s], or None.

        `sequence`, `executed_s` [s] and `moving` are what control executes, how far it is, and whether it moves.
        Raises VlaError when nothing advances.
        """
        begin = self._begins.get(sequence)
        if begin is not None:
            reached = begin + executed_s * self._speed
            if reached > self._reached + 1e-3:
                self._reached, self._advanced = reached, now
            # Control says no more how far it is once a chunk has ended.
            self.finished = not moving and self._reached >= self.motion.duration - ENDING_S * self._speed
        if self.finished or now - self._sent < PERIOD_S:
            return None
        if self._begins and now - self._advanced > STALLED_S:
            raise VlaError(f"nothing advances at {self._reached:.1f} of {self.motion.duration:.1f} s: is the arm held?")
        return None if self._whole else self._next(now)

    def _next(self, now: float) -> ActionChunk:
        approach = 0.0 if self._begins else APPROACH_S
        begin = self._reached - approach * self._speed
        times, values = self.motion.between(self._reached, self._reached + HORIZON_S)
        self._whole = bool(times[-1] >= self.motion.duration - 1e-9)
        self._sequence += 1
        self._begins = dict([*self._begins.items(), (self._sequence, begin)][-8:])
        self._sent = now
        self._advanced = max(self._advanced, now if self._sequence == 1 else -np.inf)
        after, channels = (times - begin) / self._speed, self.motion.channels
        # What was commanded stands in the base of its own time.
        return ActionChunk(
            now, self._frame, channels, after, values * self._scale, self._sequence, self._instruction,
            riding=any(name in BASE_AXES for name in channels),
        )  # fmt: skip


def start_distance(motion: RecordedMotion, measured: Mapping[str, float]) -> tuple[str, float]:
    """Return the joint that is furthest from where the recording began, and how far it is [rad], [m]."""
    away = {name: abs(measured[name] - value) for name, value in motion.start.items() if name in measured}
    name = max(away, key=lambda joint: away[joint], default="")
    return name, away.get(name, 0.0)

# SPDX-License-Identifier: Apache-2.0
"""A policy that is late and never quite agrees with itself.

It looks at a camera frame, sees how far along its path the commanded tool is, and says the next points of the path,
from where the tool is to where it *now* believes the path to be. With c the commanded pose at the frame, p the ideal
path and s how far along it c is, point τ seconds ahead lies at

    p(s + τ) + (c + η − p(s)) exp(−τ/τ_c) + b (1 − exp(−τ/τ_c)) + ν

η: how well the tool is seen; b: this chunk's belief, correlated with the last one's; ν: noise of each point. Near the
frame successive chunks agree, further ahead they differ by centimetres: the later a chunk, the worse the
transition. The figures are a model of a learned policy, not a measurement of one.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from bench.chunk_control.paths import TABLE_S, IdealPath
from controllers.chunks.chunk import ActionChunk, pose_channels

PERIOD_MIN = 0.1  # [s] between two looks: a policy at 10 Hz
RECOVERY_S = 0.4  # [s] τ_c
SEEN = np.array([1e-3] * 3 + [0.005] * 3)  # [m, rad] η
BELIEF = np.array([8e-3] * 3 + [0.035] * 3)  # [m, rad] b
POINT = np.array([2e-4] * 3 + [0.001] * 3)  # [m, rad] ν
CORRELATION = 0.3  # of b between successive chunks
TOLERANCE = 8e-3  # [m] a tool this near to where it should be by the clock is on time
CLOCK_WEIGHT = 0.01  # [m/s] decides among points that are equally near


@dataclass(frozen=True)
class DelayPattern:
    """How long inference takes, and how often nothing comes of it."""

    name: str
    seconds: float | None  # [s]; None: log-normal, median 0.15 s, 0.03 to 0.6 s
    lost: float = 0.0  # share of chunks that never arrive

    def draw(self, random: np.random.Generator, path: IdealPath) -> float:
        """Return one delay [s], at most what leaves the next chunk time to arrive before this one is used up."""
        if self.seconds is not None:
            return self.capped(path)
        return float(np.clip(0.15 * np.exp(0.6 * random.normal()), 0.03, longest(path)))

    def capped(self, path: IdealPath) -> float:
        """Return the fixed delay [s] a path's horizon leaves of what was requested; NaN for a random one."""
        return np.nan if self.seconds is None else min(self.seconds, longest(path))


def longest(path: IdealPath) -> float:
    """Return the delay [s] with which a chunk still arrives a period before the one it replaces is used up."""
    return min(0.6, path.horizon / 2 - PERIOD_MIN)


FIXED = tuple(DelayPattern(f"{ms} ms", 1e-3 * ms) for ms in (0, 50, 100, 200, 400, 600))
PATTERNS = (*FIXED, DelayPattern("random", None), DelayPattern("drop-outs", 0.2, lost=0.25))


class PhaseTracker:
    """How far along its path a policy takes itself to be: by the clock, while the tool is near enough to be on time.

    Nobody sees progress to the millimetre, and where a path turns back on itself position alone says nothing.
    """

    def __init__(self, path: IdealPath) -> None:
        """Start at the beginning."""
        self._path, self.phase = path, 0.0

    def update(self, position: np.ndarray, dt: float) -> float:
        """Return the path's time [s] for a tool at `position` (3,) [m], dt [s] after the last."""
        table, expected = self._path.table, self.phase + dt
        low = max(0, int((self.phase - 0.15) / TABLE_S))
        high = min(len(table), int((expected + dt + 0.15) / TABLE_S) + 1)
        clock = CLOCK_WEIGHT * (TABLE_S * np.arange(low, high) - expected)
        miss = np.maximum(np.linalg.norm(table[low:high] - position, axis=1) - TOLERANCE, 0.0)
        self.phase = min(TABLE_S * (low + int(np.argmin(miss**2 + clock**2))), self._path.duration)
        return self.phase


class LatePolicy:
    """The stream: call `chunk` for each frame it looks at. What it draws depends on the seed and the count alone."""

    def __init__(self, path: IdealPath, pattern: DelayPattern, seed: int, arm: str, frame: str) -> None:
        """Speak to `arm` in `frame`."""
        self.path, self.pattern = path, pattern
        self._channels, self._frame = pose_channels(arm), frame
        self._key = [seed, zlib.crc32(f"{path.name}, {pattern.name}".encode())]
        self._belief = BELIEF * np.random.default_rng(self._key).normal(size=6)
        self.count = 0

    def next_frame(self, now: float) -> float:
        """Return the time [s] of the first camera frame at `now` or later; frames come at the chunk's step."""
        return self.path.step * np.ceil(now / self.path.step - 1e-6)

    def chunk(self, stamp: float, commanded: np.ndarray, phase: float) -> tuple[ActionChunk, float, bool]:
        """Return a chunk, its delay [s] and whether it arrives; `commanded` (7,) is the pose seen at `stamp` [s]."""
        self.count += 1
        random = np.random.default_rng([*self._key, self.count])
        fresh = BELIEF * random.normal(size=6)
        self._belief = CORRELATION * self._belief + np.sqrt(1.0 - CORRELATION**2) * fresh
        path = self.path
        times = path.step * np.arange(1, path.points + 1)
        poses = path.poses(phase + times)
        here = path.poses(np.array([phase]))[0]
        seen = SEEN * random.normal(size=6)
        turn = Rotation.from_quat(commanded[3:]) * Rotation.from_quat(here[3:]).inv()
        offset = np.concatenate([commanded[:3] - here[:3], turn.as_rotvec()]) + seen
        fade = np.exp(-times / RECOVERY_S)[:, None]
        deviation = fade * offset + (1.0 - fade) * self._belief + POINT * random.normal(size=(path.points, 6))
        poses[:, :3] += deviation[:, :3]
        poses[:, 3:] = (Rotation.from_rotvec(deviation[:, 3:]) * Rotation.from_quat(poses[:, 3:])).as_quat()
        delay, arrives = self.pattern.draw(random, path), random.random() >= self.pattern.lost
        chunk = ActionChunk(stamp, self._frame, self._channels, times, poses, self.count, inference_s=delay)
        return chunk, delay, bool(arrives or self.count == 1)

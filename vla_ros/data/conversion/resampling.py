# SPDX-License-Identifier: Apache-2.0
"""A stream's values at other times: lines between positions, great circles between rotations, steps for commands.

Shape legend: S samples of the stream, T wanted times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

GRACE_S = 1e-6  # [s] wall time in float64 is exact to 0.2 µs: what is that much later than a frame is at it
ROUNDING_S = 1e-6  # [s] by which a distance may exceed its limit: stamps are rounded numbers


@dataclass(frozen=True, eq=False)
class Bracket:
    """The samples around each wanted time, and how far between them it lies."""

    before: np.ndarray  # (T,) index of the last sample at or before the time; the first sample before all of them
    after: np.ndarray  # (T,) index of the first sample at or after it; the last sample after all of them
    share: np.ndarray  # (T,) 0 at `before`, 1 at `after`
    gap: np.ndarray  # (T,) [s] between the two, or to the only one there is

    @property
    def used(self) -> np.ndarray:
        """Return the samples that count, each once, in order."""
        return np.unique(np.concatenate([self.before, self.after]))


def bracket(stamps: np.ndarray, times: np.ndarray) -> Bracket:
    """Find the samples around each time; `stamps` (S,) [s] never decrease."""
    right = np.searchsorted(stamps, times, side="right")
    before = np.clip(right - 1, 0, len(stamps) - 1)
    exact = stamps[before] == times
    after = np.where(exact, before, np.clip(right, 0, len(stamps) - 1))
    before = np.where(right == 0, after, before)
    span = stamps[after] - stamps[before]
    share = np.where(span > 0.0, (times - stamps[before]) / np.where(span > 0.0, span, 1.0), 0.0)
    gap = np.where(before == after, np.abs(times - stamps[before]), span)
    return Bracket(before, after, share, gap)


def nearest(stamps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the index (T,) of the sample nearest to each time, the earlier one of two equally near."""
    found = bracket(stamps, times)
    closer = stamps[found.after] - times < times - stamps[found.before]
    return np.where((found.before != found.after) & closer, found.after, found.before)


def latest(stamps: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Return the index (T,) of the last sample at or before each time; the first sample before all of them."""
    return np.clip(np.searchsorted(stamps, times + GRACE_S, side="right") - 1, 0, len(stamps) - 1)


def linear(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return values (T, ...) on the lines from `before` to `after`."""
    share = share.reshape(-1, *[1] * (before.ndim - 1))
    return before + share * (after - before)


def slerp(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return unit quaternions (T, 4) on the shorter great circles from `before` to `after` (Shoemake 1985)."""
    before = before / np.linalg.norm(before, axis=1, keepdims=True)
    after = after / np.linalg.norm(after, axis=1, keepdims=True)
    cosine = (before * after).sum(axis=1)
    after = np.where(cosine[:, None] < 0.0, -after, after)
    angle = np.arccos(np.clip(np.abs(cosine), 0.0, 1.0))
    near = angle < 1e-6  # the sine vanishes, and the circle is a line
    sine = np.where(near, 1.0, np.sin(angle))
    first = np.where(near, 1.0 - share, np.sin((1.0 - share) * angle) / sine)
    second = np.where(near, share, np.sin(share * angle) / sine)
    mixed = first[:, None] * before + second[:, None] * after
    return mixed / np.linalg.norm(mixed, axis=1, keepdims=True)


def pose_between(before: np.ndarray, after: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Return poses (T, 7), position and quaternion xyzw, between those of `before` and `after`."""
    return np.hstack([linear(before[:, :3], after[:, :3], share), slerp(before[:, 3:], after[:, 3:], share)])

# SPDX-License-Identifier: Apache-2.0
"""Which frames of a dataset become the episodes of an edited one.

Where frames are left out an episode ends, and a further one begins: within an episode frames are 1 / fps apart, and no
chunk of actions or history of states reaches over what is not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

LENGTH_MIN = 2  # [frames] of an episode


class FrameRange(NamedTuple):
    """Frames `first` to `end` (exclusive) of an episode."""

    episode: int
    first: int
    end: int


def frame_ranges(
    lengths: Sequence[int], deleted: Sequence[int] = (), valid: np.ndarray | None = None
) -> list[FrameRange]:
    """Return what is kept of episodes of these lengths; `valid` (frames,) says of each frame whether it is."""
    found: list[FrameRange] = []
    start = 0
    for number, length in enumerate(lengths):
        if number not in deleted:
            runs = [(0, length)] if valid is None else valid_runs(valid[start : start + length])
            found += [FrameRange(number, first, end) for first, end in runs]
        start += length
    return found


def valid_runs(valid: np.ndarray) -> Iterator[tuple[int, int]]:
    """Yield first and end (exclusive) of the runs of kept frames (T,) that are long enough for an episode."""
    return ((first, end) for first, end in runs(valid) if end - first >= LENGTH_MIN)


def runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Return first and end (exclusive) of the runs of frames (T,) for which something holds."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask.astype(bool), [False]]).astype(int)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

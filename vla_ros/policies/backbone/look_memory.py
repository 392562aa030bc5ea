# SPDX-License-Identifier: Apache-2.0
"""What was looked at closely a moment ago and has not changed since: most of a table, while one arm moves over it.

A camera that moves changes every picture, but what a thing is stays: with `fresh` so many are looked at again at a
time, those that were looked at longest ago first, and of the others the last look counts.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.backbone.crops import Window

SMALL = 16  # [px] of the pictures that are compared: the noise of a camera is averaged away, an arm is not
CHANGED = 12  # of 255 by which one of their values may differ
SHIFTED, GROWN = 0.06, 0.06  # shares of a window's side by which a box may lie elsewhere or be larger
SAME = 0.5  # intersection over union with where a thing was seen a moment ago: it is the same thing
MOST = 160  # looks that are kept: the boxes of two views, and the parts of one thing

ViewWindow = tuple[int, Window]  # of the picture of which view


@dataclass(frozen=True, eq=False)
class _Look:
    view: int
    window: Window
    small: np.ndarray  # (SMALL, SMALL, 3) int16
    look: Tensor  # (D,)
    taken: int  # number of the time at which it was looked at


class LookMemory:
    """Looks at windows of pictures, as long as the pictures show the same there.

    `fresh` is how many things at most are looked at again at a time although they have been seen; None: all that have
    changed.
    """

    def __init__(self, fresh: int | None = None) -> None:
        self._looks: deque[_Look] = deque(maxlen=MOST)
        self._fresh, self._times = fresh, 0

    def looks(
        self,
        pictures: Sequence[np.ndarray],
        windows: Sequence[ViewWindow],
        encode: Callable[[Sequence[ViewWindow]], Tensor],
    ) -> Tensor:
        """Return what windows of the views' pictures (H, W, 3) uint8 look like (N, D).

        `encode` is asked about those that are new or have changed, and the answer is kept.
        """
        self._times += 1
        looks = dict(enumerate(self._recall(view, pictures[view], window) for view, window in windows))
        new = [row for row, look in looks.items() if look is None]
        if self._fresh is not None:
            new = self._most_urgent(windows, looks, new, self._fresh)
        if new:
            asked = [windows[row] for row in new]
            for row, (view, window), look in zip(new, asked, encode(asked), strict=True):
                looks[row] = look
                self._looks.append(_Look(view, window, _small(pictures[view], window), look, self._times))
        return torch.stack([look for look in looks.values() if look is not None])

    def _most_urgent(
        self, windows: Sequence[ViewWindow], looks: dict[int, Tensor | None], new: Sequence[int], fresh: int
    ) -> list[int]:
        """Return the rows to be looked at: those never seen, then the oldest; the others get the look they had."""
        last = {row: self._nearest(*windows[row]) for row in new}
        seen = sorted((kept.taken, row) for row, kept in last.items() if kept is not None)
        unseen = [row for row, kept in last.items() if kept is None]
        again = max(0, fresh - len(unseen))
        for _, row in seen[again:]:
            kept = last[row]
            assert kept is not None
            looks[row] = kept.look
            # It goes with the thing: what is near next time is near to where this is.
            self._looks.append(replace(kept, window=windows[row][1]))
        return [*unseen, *(row for _, row in seen[:again])]

    def _nearest(self, view: int, window: Window) -> _Look | None:
        """Return the newest look at what was about there."""
        for kept in reversed(self._looks):
            if kept.view == view and _overlap(kept.window, window) >= SAME:
                return kept
        return None

    def clear(self) -> None:
        """Forget all looks."""
        self._looks.clear()

    def _recall(self, view: int, picture: np.ndarray, window: Window) -> Tensor | None:
        for kept in reversed(self._looks):
            if kept.view == view and _alike(kept.window, window):
                changed = np.abs(_small(picture, kept.window) - kept.small).max() > CHANGED
                return None if changed else kept.look
        return None


def _alike(kept: Window, window: Window) -> bool:
    """Say whether two windows differ by no more than the windows of training are shaken by."""
    half = (window.side - kept.side) / 2
    away = max(abs(window.x - kept.x + half), abs(window.y - kept.y + half))
    return away <= SHIFTED * kept.side and 2 * abs(half) <= GROWN * kept.side


def _overlap(one: Window, other: Window) -> float:
    """Return the intersection over union of two windows."""
    wide = min(one.x + one.side, other.x + other.side) - max(one.x, other.x)
    high = min(one.y + one.side, other.y + other.side) - max(one.y, other.y)
    both = max(0.0, wide) * max(0.0, high)
    return both / (one.side**2 + other.side**2 - both)


def _small(picture: np.ndarray, window: Window) -> np.ndarray:
    return window.cut(picture, SMALL).astype(np.int16)

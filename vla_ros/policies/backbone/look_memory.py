# SPDX-License-Identifier: Apache-2.0
"""What was looked at closely a moment ago and has not changed since: most of a table, while one arm moves over it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from vla_ros.policies.backbone.crops import Window

SMALL = 16  # [px] of the pictures that are compared: the noise of a camera is averaged away, an arm is not
CHANGED = 12  # of 255 by which one of their values may differ
SHIFTED, GROWN = 0.06, 0.06  # shares of a window's side by which a box may lie elsewhere or be larger
MOST = 160  # looks that are kept: the boxes of two views, and the parts of one thing

ViewWindow = tuple[int, Window]  # of the picture of which view


@dataclass(frozen=True, eq=False)
class _Look:
    view: int
    window: Window
    small: np.ndarray  # (SMALL, SMALL, 3) int16
    look: Tensor  # (D,)


class LookMemory:
    """Looks at windows of pictures, as long as the pictures show the same there."""

    def __init__(self) -> None:
        self._looks: deque[_Look] = deque(maxlen=MOST)

    def looks(
        self,
        pictures: Sequence[np.ndarray],
        windows: Sequence[ViewWindow],
        encode: Callable[[Sequence[ViewWindow]], Tensor],
    ) -> Tensor:
        """Return what windows of the views' pictures (H, W, 3) uint8 look like (N, D).

        `encode` is asked about those that are new or have changed, and the answer is kept.
        """
        looks = dict(enumerate(self._recall(view, pictures[view], window) for view, window in windows))
        new = [row for row, look in looks.items() if look is None]
        if new:
            asked = [windows[row] for row in new]
            for row, (view, window), look in zip(new, asked, encode(asked), strict=True):
                looks[row] = look
                self._looks.append(_Look(view, window, _small(pictures[view], window), look))
        return torch.stack([look for look in looks.values() if look is not None])

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


def _small(picture: np.ndarray, window: Window) -> np.ndarray:
    return window.cut(picture, SMALL).astype(np.int16)

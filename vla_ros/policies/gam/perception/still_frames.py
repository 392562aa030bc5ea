# SPDX-License-Identifier: Apache-2.0
"""Several frames of a tote in which nothing moves, made one: what a stereo camera measures differs every time.

As a RealSense's temporal filter does, with the mean of a few frames in place of a running one. Shape legend: F frames.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from vla_ros.policies.observation import CameraView

FRAMES = 8  # in 0.8 s at ten a second; what is left of 3 mm of noise is 1 mm
_PERSISTENT = 0.5  # share of frames in which a pixel was measured, from which on it counts: edges come and go


class StillFrames:
    """Frames of the same cameras since it was last cleared; one that has been shown before is no further one."""

    def __init__(self) -> None:
        self._frames: list[Mapping[str, CameraView]] = []

    def __len__(self) -> int:
        return len(self._frames)

    def clear(self) -> None:
        """Forget them."""
        self._frames = []

    def add(self, views: Mapping[str, CameraView]) -> None:
        """Take one more, if each camera has exposed anew."""
        last = self._frames[-1] if self._frames else {}
        if all(name not in last or view.stamp > last[name].stamp for name, view in views.items()):
            self._frames.append(dict(views))

    def averaged(self) -> dict[str, CameraView]:
        """Return the last frame with the mean of what was measured; 0 where that was in less than half of them."""
        views = dict(self._frames[-1])
        for name, view in views.items():
            depths = [frame[name].depth for frame in self._frames if name in frame]
            measured = [depth for depth in depths if depth is not None and view.depth is not None]
            if len(measured) > 1:
                views[name] = replace(view, depth=mean_depth(measured))
        return views


def mean_depth(depths: list[np.ndarray]) -> np.ndarray:
    """Return the mean (H, W) float32 [m] of F images, without their zeros; 0 where less than half have a value."""
    total, count = np.zeros_like(depths[0]), np.zeros(depths[0].shape, np.float32)
    for depth in depths:
        total += depth
        count += depth > 0.0
    persistent = count >= _PERSISTENT * len(depths)
    return np.where(persistent, total / np.maximum(count, 1.0), 0.0).astype(np.float32)

# SPDX-License-Identifier: Apache-2.0
"""Pictures as a server of others takes them, and those of a while ago."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from PIL import Image

from vla_ros.policies.observation import CameraView
from vla_ros.policies.remote.foreign.contract import SentPicture

KEPT_MAX = 600  # pictures of one key


class SentPictures:
    """Pictures under one key, and what they were `earlier_s` before."""

    def __init__(self, wanted: SentPicture) -> None:
        self._wanted = wanted
        self._kept: deque[tuple[float, np.ndarray]] = deque(maxlen=KEPT_MAX)  # exposures [s]

    def reset(self) -> None:
        """Forget them."""
        self._kept.clear()

    def take(self, view: CameraView, earlier: Sequence[CameraView] = ()) -> tuple[np.ndarray, ...]:
        """Return the picture, behind the one nearest to then where an earlier one is wanted; none before the first.

        `earlier`: exposures since the last one that was taken, oldest first.
        """
        fitted = fitted_picture(view.color, self._wanted)
        if not self._wanted.earlier_s:
            return (fitted,)
        for old in earlier:
            if self._kept and self._kept[-1][0] < old.stamp < view.stamp:
                self._kept.append((old.stamp, fitted_picture(old.color, self._wanted)))
        self._kept.append((view.stamp, fitted))
        then = view.stamp - self._wanted.earlier_s
        while len(self._kept) > 1 and self._kept[1][0] <= then:
            self._kept.popleft()
        return (min(self._kept, key=lambda kept: abs(kept[0] - then))[1], fitted)


def fitted_picture(picture: np.ndarray, wanted: SentPicture) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 as it is wanted, scaled by PIL's bilinear filter as by openpi's client."""
    if wanted.fit == "crop":
        picture = _cut(picture, wanted)
    height, width = picture.shape[:2]
    size = (wanted.width, wanted.height)
    if wanted.fit == "pad":
        ratio = max(width / wanted.width, height / wanted.height)
        size = (max(1, int(width / ratio)), max(1, int(height / ratio)))
    scaled = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR))
    made = np.zeros((wanted.height, wanted.width, 3), dtype=np.uint8)
    left, top = (wanted.width - size[0]) // 2, (wanted.height - size[1]) // 2
    made[top : top + size[1], left : left + size[0]] = scaled
    if wanted.turned:
        made = made[::-1, ::-1]
    return np.ascontiguousarray(made.transpose(2, 0, 1) if wanted.planar else made)


def _cut(picture: np.ndarray, wanted: SentPicture) -> np.ndarray:
    """Return the middle of a picture in the wanted shape."""
    height, width = picture.shape[:2]
    ratio = min(width / wanted.width, height / wanted.height)
    w, h = max(1, round(wanted.width * ratio)), max(1, round(wanted.height * ratio))
    left, top = (width - w) // 2, (height - h) // 2
    return np.ascontiguousarray(picture[top : top + h, left : left + w])

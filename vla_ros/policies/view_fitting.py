# SPDX-License-Identifier: Apache-2.0
"""A camera's view as one policy needs it: what it requested, in the size it requested, and nothing else."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from vla_ros.policies.image_fit import middle_window
from vla_ros.policies.needs import CROP, CameraNeed
from vla_ros.policies.observation import CameraView

_SAME_SHAPE = 0.02  # share by which width over height may differ: sizes are whole and even numbers


def fitted(view: CameraView, need: CameraNeed) -> CameraView:
    """Return the view without what is not needed, cut and scaled where a size is needed; intrinsics go with it."""
    if not need.calibration:
        view = dataclasses.replace(view, intrinsics=None, T_base_camera=None)
    if not need.depth:
        view = dataclasses.replace(view, depth=None)
    height, width = view.color.shape[:2]
    if not need.width or (need.width, need.height) == (width, height):
        return view
    size, left, top = (need.width, need.height), 0, 0
    if need.fit == CROP:
        left, top, width, height = middle_window(width, height, need.width / need.height)
    part = np.s_[top : top + height, left : left + width]
    intrinsics = None
    if view.intrinsics is not None:
        shift = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]])
        intrinsics = scaled(shift @ view.intrinsics, size[0] / width, size[1] / height)
    return dataclasses.replace(
        view,
        color=cv2.resize(view.color[part], size, interpolation=cv2.INTER_AREA),
        # A mean of two surfaces is where nothing is.
        depth=None if view.depth is None else cv2.resize(view.depth[part], size, interpolation=cv2.INTER_NEAREST),
        intrinsics=intrinsics,
        window=(left, top, width, height),
    )


class ShapeWatch:
    """Say once of each camera that its pictures are of another shape than those that a policy learned from."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def complaint(self, view: CameraView, need: CameraNeed) -> str:
        """Return what is wrong with a view as the camera sends it; "" where nothing is, or it was said before."""
        if need.name in self._known:
            return ""
        self._known.add(need.name)  # a camera sends one size
        height, width = view.color.shape[:2]
        if need.learned is None or abs(width / height * need.learned[1] / need.learned[0] - 1.0) < _SAME_SHAPE:
            return ""
        learned = "x".join(map(str, need.learned))
        return (
            f"camera '{need.name}': its pictures are {width}x{height}, and the policy learned from {learned}: it sees "
            "them squeezed; set the camera to that shape"
        )


def scaled(intrinsics: np.ndarray, across: float, down: float) -> np.ndarray:
    """Return K (3, 3) of a picture scaled by these factors; pixel centres are at whole numbers."""
    scale = np.array([[across, 0.0, 0.5 * across - 0.5], [0.0, down, 0.5 * down - 0.5], [0.0, 0.0, 1.0]])
    return scale @ intrinsics

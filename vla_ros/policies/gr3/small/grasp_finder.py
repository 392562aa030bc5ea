# SPDX-License-Identifier: Apache-2.0
"""From what is meant to how a hand is to grasp it, while neither hand holds anything.

Shape legend: V views, K boxes of a view, A = 2 tools, left and right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vla_ros.policies.backbone.view_geometry import project, ray
from vla_ros.policies.gr3.small.grasp_numbers import GRASP_NUMBERS, grasp_numbers
from vla_ros.policies.gr3.small.thing_numbers import LOW, place_by_two
from vla_ros.policies.grasp_finding.any_views import AnyViewsGrasp, TheseViews
from vla_ros.policies.grasp_finding.grasp_search import FoundGrasp, find_grasp

ABOVE = 0.03  # [m] of a thing's middle above what it stands on, where one view alone sees it
BEFORE = 0.05  # [m] a camera must be away from a thing that it shows
SURE = 0.0  # logit from which on a thing is meant


@dataclass(frozen=True, eq=False)
class Meant:
    """The thing that the words mean, as a view proposes it."""

    view: int
    box: np.ndarray  # (4,) [px]
    numbers: np.ndarray  # (THING_NUMBERS,)
    logit: float


class GraspFinder:
    """Find the grasp anew in every chunk; of two that are as good the last one stays."""

    def __init__(self, network: AnyViewsGrasp, surface: float, opening_max: float) -> None:
        self._network, self._surface, self._opening_max = network, surface, opening_max
        self.reset()

    def reset(self) -> None:
        """Forget the last grasp."""
        self._last: np.ndarray | None = None  # (3,) [m]
        self.found: FoundGrasp | None = None

    def numbers(
        self,
        meant: Sequence[Meant],
        pictures: Sequence[np.ndarray],
        calibrations: Sequence[np.ndarray],
        tools: np.ndarray,
        holding: bool,
    ) -> np.ndarray:
        """Return what stands beside the state (GRASP_NUMBERS,): zeros without a thing that is meant and free to take.

        `tools` (A, 4, 4) in the robot's base; `holding`: fingers are told to be closed.
        """
        self.found = None
        sure = [one for one in meant if one.logit > SURE]
        if holding or not sure:
            self._last = None
            return np.zeros(GRASP_NUMBERS, dtype=np.float32)
        middle = self._middle(sure, calibrations)
        shown = [view for view, picture in enumerate(pictures) if shows(calibrations[view], picture, middle)]
        if not shown:
            return np.zeros(GRASP_NUMBERS, dtype=np.float32)
        nearest = tools[int(np.linalg.norm(tools[:, :3, 3] - middle, axis=1).argmin()), :3, 3]
        with torch.inference_mode():
            found = find_grasp(
                TheseViews(self._network, torch.tensor(shown)),
                [pictures[view] for view in shown],
                [calibrations[view] for view in shown],
                middle,
                nearest,
                self._opening_max,
                self._last,
            )
        self.found, self._last = found, found.point
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = found.rotations[0], found.point
        return grasp_numbers(T[None], np.array([found.opening]), tools[None], np.ones(1, dtype=bool))[0]

    def _middle(self, meant: Sequence[Meant], calibrations: Sequence[np.ndarray]) -> np.ndarray:
        """Return about where the thing is (3,) [m]: by two views, else where the surest one's line meets the table."""
        by_two = [place for one in meant if (place := place_by_two(one.numbers)) is not None]
        if by_two:
            return by_two[0]
        best = max(meant, key=lambda one: one.logit)
        camera, direction = ray(calibrations[best.view], (best.box[:2] + best.box[2:]) / 2)
        down = max(float(-direction[2]), LOW)
        return camera + (camera[2] - self._surface - ABOVE) / down * direction


def shows(calibration: np.ndarray, picture: np.ndarray, middle: np.ndarray) -> bool:
    """Say whether a point (3,) [m] lies within a picture (H, W, 3)."""
    pixels, depths = project(calibration, middle[None])
    inside = (pixels[0] >= 0.0).all() and bool((pixels[0] < (picture.shape[1], picture.shape[0])).all())
    return bool(depths[0] > BEFORE and inside)

# SPDX-License-Identifier: Apache-2.0
"""Where a grasp is looked for: within the boxes of the thing that is meant, whatever else can be grasped beside it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH, box_around

from vla_ros.policies.grasp_finding.grasp_network import ANGLES, GraspNetwork
from vla_ros.policies.grasp_finding.grasp_search import FoundGrasp, find_grasp

CALIBRATIONS = [FRONT, SIDE]
MIDDLE, FAR = np.array([0.5, 0.0, 0.05]), np.array([0.3, -0.3, 0.4])
BESIDE, WITHIN = np.array([0.07, 0.0, 0.0]), np.array([0.0, 0.02, 0.0])  # [m] from the middle


class LikesTwoPlaces(GraspNetwork):
    """A network that likes what is beside the thing best, and a place of the thing itself less."""

    def encode(self, crops: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
        return [], torch.empty(0)

    def query(self, seen: object, places: torch.Tensor, points: torch.Tensor, tool: torch.Tensor) -> torch.Tensor:
        return points

    def judge(self, known: torch.Tensor) -> torch.Tensor:
        near = [((known - torch.from_numpy(place).float()) ** 2).sum(dim=2) / 0.01**2 for place in (BESIDE, WITHIN)]
        return 6.0 * torch.exp(-near[0]) + 3.0 * torch.exp(-near[1])

    def turn(self, known: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return torch.zeros(*known.shape[:2], ANGLES), torch.zeros(*known.shape[:2], 2)


def find(boxes: list[np.ndarray] | None) -> FoundGrasp:
    pictures = [np.zeros((HEIGHT, WIDTH, 3), np.uint8) for _ in CALIBRATIONS]
    return find_grasp(LikesTwoPlaces(), pictures, CALIBRATIONS, MIDDLE, FAR, 0.08, boxes=boxes)


def test_a_grasp_of_what_stands_beside_it_is_not_taken() -> None:
    np.testing.assert_allclose(find(None).point, MIDDLE + BESIDE, atol=0.006)
    np.testing.assert_allclose(
        find([box_around(one, MIDDLE, 25.0) for one in CALIBRATIONS]).point, MIDDLE + WITHIN, atol=0.006
    )


def test_boxes_that_show_another_place_are_no_help() -> None:
    np.testing.assert_allclose(
        find([box_around(one, FAR, 10.0) for one in CALIBRATIONS]).point, MIDDLE + BESIDE, atol=0.006
    )

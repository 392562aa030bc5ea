# SPDX-License-Identifier: Apache-2.0
"""By its handle: the part is found within the object that was found, and remembered when the hand hides it."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed: VLA_EXTRAS=learning ./vla test")

from scene_making.two_views import FRONT, HEIGHT, SIDE, WIDTH

from vla_ros.policies.actions.single_arm import SingleArmState
from vla_ros.policies.backbone.view_geometry import project
from vla_ros.policies.graspvla.small.chain import GripperMemory
from vla_ros.policies.graspvla.small.part_memory import PartMemory
from vla_ros.policies.graspvla.small.part_search import BEYOND, MOST, find_part, part_points, split_part
from vla_ros.policies.graspvla.small.target_search import FoundTarget

CALIBRATIONS = [FRONT, SIDE]
PICTURES = [np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8)] * 2
MIDDLE, HALF = np.array([0.5, 0.0, 0.04]), np.array([0.02, 0.12, 0.02])  # [m] something long that lies there
HANDLE, HEAD = MIDDLE + np.array([0.0, -0.09, 0.0]), MIDDLE + np.array([0.0, 0.09, 0.0])
FAR = np.array([0.3, -0.3, 0.4])
WORDS = np.ones((3, 256), dtype=np.float32)


def lying() -> FoundTarget:
    corners = MIDDLE + HALF * np.stack(np.meshgrid(*[[-1, 1]] * 3), axis=-1).reshape(-1, 3)
    boxes = []
    for calibration in CALIBRATIONS:
        pixels, _ = project(calibration, corners)
        boxes.append(np.concatenate([pixels.min(axis=0), pixels.max(axis=0)]))
    return FoundTarget(tuple(boxes), tuple(np.empty((0, 5)) for _ in boxes), MIDDLE, 0.9, 0.9, 0.9)


class Asked:
    """A search whose networks know where a part is: a box fits the better, the nearer it shows it."""

    def __init__(self, part: np.ndarray) -> None:
        self.part, self.most = part, 0

    def match(self, pictures, calibrations, proposed, words) -> list[np.ndarray]:
        self.most = max(self.most, len(proposed[0][0]))
        logits = []
        for calibration, (boxes, _) in zip(CALIBRATIONS, proposed, strict=True):
            (pixel,), _ = project(calibration, self.part[None])
            logits.append(-0.1 * np.linalg.norm((boxes[:, :2] + boxes[:, 2:]) / 2 - pixel, axis=1))
        return logits


@pytest.mark.parametrize(
    ("said", "plain", "part"),
    [
        ("pick up the mug by its handle", "pick up the mug", "handle"),
        ("Lift the bottle by the top end.", "Lift the bottle", "top end"),
        ("pick up the mug by the bottle", "pick up the mug by the bottle", ""),
        ("pick up the mug", "pick up the mug", ""),
    ],
)
def test_a_part_is_named_at_the_end(said, plain, part):
    assert split_part(said) == (plain, part)


def test_points_are_within_the_object_and_spread_over_it():
    whole = lying()
    points = part_points(np.array(whole.boxes), CALIBRATIONS)
    assert 8 <= len(points) <= MOST
    np.testing.assert_allclose(points[0], MIDDLE, atol=0.02)
    assert points[:, 1].min() < HANDLE[1]
    assert points[:, 1].max() > HEAD[1]
    for box, calibration in zip(whole.boxes, CALIBRATIONS, strict=True):
        pixels, _ = project(calibration, points[1:])
        beyond = BEYOND * (box[2:] - box[:2])
        assert (pixels >= box[:2] - beyond).all()
        assert (pixels <= box[2:] + beyond).all()


@pytest.mark.parametrize("part", [HANDLE, HEAD, MIDDLE])
def test_the_part_is_where_both_views_see_what_the_words_mean(part):
    search = Asked(part)
    found = find_part(search, PICTURES, CALIBRATIONS, lying(), WORDS)
    assert search.most <= 8  # as many boxes at once as training shows
    assert np.linalg.norm(found.middle - part) < 0.025
    for box, whole, calibration in zip(found.boxes, lying().boxes, CALIBRATIONS, strict=True):
        (pixel,), _ = project(calibration, part[None])
        assert (box[:2] < pixel).all()
        assert (pixel < box[2:]).all()
        assert (box[2:] - box[:2]).prod() < 0.7 * (whole[2:] - whole[:2]).prod()


def state(tool: np.ndarray) -> SingleArmState:
    T = np.diag([1.0, -1.0, -1.0, 1.0])
    T[:3, 3] = tool
    return SingleArmState(0.0, np.zeros(7), np.zeros(7), T, 0.08)


def test_a_hand_that_hides_the_part_does_not_move_it():
    memory, gripper = PartMemory(WORDS), GripperMemory()

    def settle(part: np.ndarray, tool: np.ndarray) -> np.ndarray:
        return memory.settle(Asked(part), PICTURES, CALIBRATIONS, lying(), state(tool), gripper).middle

    there = settle(HANDLE, FAR)
    assert np.linalg.norm(there - HANDLE) < 0.025
    np.testing.assert_array_equal(settle(HEAD, HANDLE + np.array([0.0, 0.0, 0.05])), there)
    assert np.linalg.norm(settle(HEAD, FAR) - HEAD) < 0.025  # seen from afar it is at the other end

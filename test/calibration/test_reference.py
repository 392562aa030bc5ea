# SPDX-License-Identifier: Apache-2.0
"""A camera that was turned is found to have moved, by as much as it was; things that are elsewhere are no movement."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.calibration.reference import AT_REFERENCE, MOVED_PX, ReferencePicture

SIZE, K = (640, 480), np.array([[617.0, 0.0, 319.5], [0.0, 617.0, 239.5], [0.0, 0.0, 1.0]])


def bench(seed: int = 0) -> np.ndarray:
    """Return a picture of a bench with a pattern, of blocks of many sizes."""
    rng = np.random.default_rng(seed)
    picture = np.full((SIZE[1], SIZE[0], 3), 170, np.uint8)
    for _ in range(260):
        x, y, w, h = rng.integers((0, 0, 4, 4), (SIZE[0], SIZE[1], 40, 30))
        cv2.rectangle(picture, (int(x), int(y)), (int(x + w), int(y + h)), rng.integers(20, 235, 3).tolist(), -1)
    return cv2.GaussianBlur(picture, (0, 0), 0.8)


def with_things(picture: np.ndarray, seed: int) -> np.ndarray:
    """Return it with things on it, a third of the picture, that are elsewhere with another seed."""
    rng, shown = np.random.default_rng(seed), picture.copy()
    for _ in range(6):
        x, y = rng.integers((0, 0), (SIZE[0] - 130, SIZE[1] - 130))
        shown[y : y + 130, x : x + 130] = bench(100 + seed)[y : y + 130, x : x + 130]
    noise = rng.normal(0.0, 4.0, shown.shape)
    return np.clip(shown + noise, 0, 255).astype(np.uint8)


def turned(picture: np.ndarray, degrees: tuple[float, float, float]) -> tuple[np.ndarray, float]:
    """Return what a camera sees after it was turned, and how far pixels went on average (root mean square) [px]."""
    H = K @ Rotation.from_euler("xyz", degrees, degrees=True).as_matrix().T @ np.linalg.inv(K)
    u, v = np.meshgrid(np.linspace(0, SIZE[0] - 1, 9), np.linspace(0, SIZE[1] - 1, 9))
    grid = np.column_stack([u.ravel(), v.ravel(), np.ones(u.size)])
    there = grid @ H.T
    shift = there[:, :2] / there[:, 2:] - grid[:, :2]
    seen = cv2.warpPerspective(picture, H, SIZE, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return seen, float(np.sqrt((shift**2).sum(axis=1).mean()))


@pytest.mark.parametrize("degrees", [(0.0, 0.5, 0.0), (-0.4, 0.2, 0.8), (1.0, -2.0, 0.0)])
def test_how_far_a_turned_camera_moved(degrees):
    reference = ReferencePicture(with_things(bench(), 1), {})
    seen, truth = turned(bench(), degrees)
    found = reference.movement(with_things(seen, 2))
    assert found is not None
    assert found.moved
    assert found.pixels == pytest.approx(truth, abs=0.3 + 0.1 * truth)


def test_things_that_are_elsewhere_are_no_movement():
    reference = ReferencePicture(with_things(bench(), 1), {})
    for seed in range(2, 6):
        found = reference.movement(with_things(bench(), seed))
        assert found is not None
        assert found.pixels < 0.3 * MOVED_PX
        assert not found.moved
        assert found.pairs > 100


def test_a_hand_that_counts_as_back_where_it_was_has_no_camera_that_moved():
    """Three joints that are off by what is allowed, each about an axis of the camera's own."""
    off = 0.99 * AT_REFERENCE
    reference = ReferencePicture(with_things(bench(), 1), {"joint1": 0.0, "joint2": 0.0, "joint3": 0.0})
    assert reference.seen_from_here(dict.fromkeys(reference.joints, off))
    seen, _ = turned(bench(), (np.degrees(off),) * 3)
    found = reference.movement(with_things(seen, 2))
    assert found is not None
    assert not found.moved


def test_where_nothing_is_as_it_was_nobody_knows():
    reference = ReferencePicture(bench(), {})
    assert reference.movement(bench(7)) is None
    assert reference.movement(np.full((SIZE[1], SIZE[0], 3), 128, np.uint8)) is None
    with pytest.raises(ConfigError, match="the picture is 320x240, the reference 640x480"):
        reference.movement(np.zeros((240, 320, 3), np.uint8))
    with pytest.raises(ConfigError, match="shows 0 features, 100 are needed"):
        ReferencePicture(np.full((SIZE[1], SIZE[0], 3), 128, np.uint8), {})


def test_a_camera_on_the_hand_compares_where_the_robot_is_as_it_was():
    reference = ReferencePicture(bench(), {"panda_joint1": 0.1, "panda_joint2": -0.8})
    assert reference.seen_from_here({"panda_joint1": 0.1005, "panda_joint2": -0.8, "other": 3.0})
    assert not reference.seen_from_here({"panda_joint1": 0.12, "panda_joint2": -0.8})
    assert not reference.seen_from_here({"panda_joint1": 0.1})
    assert not reference.seen_from_here(None)
    assert ReferencePicture(bench(), {}).seen_from_here(None)

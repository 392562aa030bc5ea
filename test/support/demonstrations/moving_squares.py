# SPDX-License-Identifier: Apache-2.0
"""A dataset of videos in which a square moves one way over a picture of its own, and the state says where it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from vla_ros.data.datasets.episode import encode_episode
from vla_ros.data.datasets.features import STATE, Feature, camera_feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.writer import LeRobotWriter

SIDE, SQUARE = 32, 6  # [px]
FEATURES = {"observation.images.front": camera_feature(SIDE, SIDE), STATE: Feature("float32", (2,), ("x", "y"))}
WAYS = np.array([(1, 0), (-1, 0), (0, 1), (0, -1)])


def write_squares(root: Path, episodes: int, seed: int = 0, fps: int = 5, length: int = 7, step: int = 2) -> Path:
    """Write episodes; the square goes `step` px a frame, along one of four ways.

    Where it begins does not tell which.
    """
    rng = np.random.default_rng(seed)
    with LeRobotWriter(root, DatasetSchema(fps, "squares", FEATURES)) as out:
        for number in range(episodes):
            reach = step * (length - 1)
            start, way = rng.integers(reach, SIDE - SQUARE - reach + 1, 2), WAYS[rng.integers(4)]
            places = start + step * np.outer(np.arange(length), way)
            still = rng.integers(0, 90, 3) * np.ones((SIDE, SIDE, 1)) + rng.integers(0, 20, (SIDE, SIDE, 1))
            frames = [_with_square(still, place, 150 + rng.integers(0, 90, 3)) for place in places]
            columns = {STATE: places.astype(np.float32)}
            out.add(encode_episode(FEATURES, fps, columns, {"observation.images.front": frames}, "go", f"{number}"))
    return root


def _with_square(still: np.ndarray, place: np.ndarray, color: np.ndarray) -> np.ndarray:
    frame = still.astype(np.uint8)
    x, y = place
    frame[y : y + SQUARE, x : x + SQUARE] = color
    return frame

# SPDX-License-Identifier: Apache-2.0
"""A small dataset of known content: numbers drawn by the episode's seed, pictures that encode their own number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from demonstrations.numbered_picture import picture
from vla_ros.data.datasets.episode import EncodedEpisode, encode_episode
from vla_ros.data.datasets.features import Feature, camera_feature
from vla_ros.data.datasets.schema import DatasetSchema
from vla_ros.data.datasets.writer import LeRobotWriter

# A contract of two small cameras, for recordings of one joint and the gripper.
CONTRACT = """\
name: small
robot: franka
fps: 10
cameras:
  front: {width: 64, height: 48}
  side: {width: 48, height: 32}
state: [panda_joint1/position, panda_hand/width]
action: {joints: [panda_joint1], grippers: [panda_hand], target: measured, anchor: measured}
"""

FEATURES = {
    "observation.state": Feature("float32", (3,), ("a", "b", "c")),
    "action": Feature("float32", (2,), ("x", "y")),
    "observation.images.front": camera_feature(48, 64),
    "observation.images.side": camera_feature(32, 48),
    "next.done": Feature("bool", (1,)),
    "observation.boxes": Feature("float32", (2, 4)),
    "note": Feature("string", (1,)),
}
SCHEMA = DatasetSchema(10, "franka", FEATURES)


def columns(length: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "observation.state": random.normal(seed, 1.0, (length, 3)).astype(np.float32),
        "action": random.uniform(-1, 1, (length, 2)).astype(np.float32),
        "next.done": np.arange(length) == length - 1,
        "observation.boxes": random.uniform(0, 1, (length, 2, 4)).astype(np.float32),
        "note": np.array([f"frame {i}" for i in range(length)]),
    }


def episode(length: int, seed: int, task: str | list[str] = "") -> EncodedEpisode:
    """Return an episode whose frame k of the front camera shows 100 · seed + k, of the side camera one more."""
    pictures = [100 * seed + k for k in range(length)]
    images = {
        "observation.images.front": [picture(n) for n in pictures],
        "observation.images.side": [picture(n + 1, 32, 48) for n in pictures],
    }
    return encode_episode(FEATURES, 10, columns(length, seed), images, task or f"pick {seed % 2}", f"bag{seed}")


def write_sample(root: Path, lengths: Sequence[int], first: int = 0) -> Path:
    """Write a dataset of episodes of these lengths, seeds from `first` on, and return its folder."""
    with LeRobotWriter(root, SCHEMA) as out:
        for i, length in enumerate(lengths):
            out.add(episode(length, first + i))
    return root

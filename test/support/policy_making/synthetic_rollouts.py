# SPDX-License-Identifier: Apache-2.0
"""Roll-outs that nobody ran, whose features say in known ways how they end."""

from __future__ import annotations

import numpy as np

from vla_ros.failure_detection.rollout import Episode, RecordedRollout

SIZE = 6


def episode(seed: int, success: bool, set_name: str = "basic", category: str = "mug") -> Episode:
    return Episode(
        policy="graspvla", checkpoint="", task="grasping", set=set_name, categories="action", wording="common",
        category=category, seed=seed, instruction="pick up the mug", success=success,
        outcome="success" if success else "timeout", duration_s=9.0,
    )  # fmt: skip


def rollout(features: np.ndarray, seed: int, success: bool, **names: str) -> RecordedRollout:
    count = len(features)
    return RecordedRollout(
        episode(seed, success, **names),
        features.astype(np.float32),
        0.3 + 0.2 * np.arange(count),
        np.full(count, np.nan, np.float32),
        np.full(count, 0.5, np.float32),
    )


def order_matters(count: int, seed: int = 0, set_name: str = "basic", steps: int = 24) -> list[RecordedRollout]:
    """Return roll-outs, half of them failures, in which the order of two events alone says how it ends.

    A success sees a pulse of one number and then of another; a failure sees them the other way round. Each step alone,
    any sum over steps and the length are alike in both.
    """
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        features = rng.normal(0.0, 0.3, (steps, SIZE))
        first, second = 2 + rng.integers(0, 4), 9 + rng.integers(0, 4)
        success = number % 2 == 0
        features[first : first + 3, 0 if success else 1] += 3.0
        features[second : second + 3, 1 if success else 0] += 3.0
        made.append(rollout(features, seed * 10_000 + number, success, set_name=set_name))
    return made


def drifting(
    count: int, seed: int = 0, set_name: str = "basic", strength: float = 2.0, failures: float = 0.5
) -> list[RecordedRollout]:
    """Return roll-outs of various lengths; features of a failure drift away from its middle on."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        success = rng.random() >= failures
        steps = int(rng.integers(14, 26))
        features = rng.normal(0.0, 1.0, (steps, SIZE))
        if not success:
            features[steps // 3 :, 0] += strength
        made.append(rollout(features, seed * 10_000 + number, success, set_name=set_name))
    return made

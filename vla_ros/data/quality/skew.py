# SPDX-License-Identifier: Apache-2.0
"""Whether what was seen and what was felt are of the same time: stamps of cameras and joints."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Compare each camera with the joints and with each other camera."""
    cameras = {topic: series.time for topic, series in data.images.items() if len(series.time) > 1}
    if data.joints is not None:
        for topic, times in cameras.items():
            skew = nearest(times, data.joints.time)
            reason = f"{topic}: {1e3 * skew:.0f} ms from the nearest joint state: synchronise the clocks (chrony)"
            yield Finding(f"joint_skew_s{topic}", skew, config.camera_joint_skew.penalty(skew), reason, (topic,))
    for (one, first), (other, second) in combinations(sorted(cameras.items()), 2):
        # From the slower one: each of its images has its like, however many more the other has.
        skew = nearest(first, second) if len(first) <= len(second) else nearest(second, first)
        reason = f"{one} and {other}: {1e3 * skew:.0f} ms apart"
        yield Finding(f"camera_skew_s{one}", skew, config.camera_camera_skew.penalty(skew), reason, (one, other))


def nearest(times: np.ndarray, others: np.ndarray) -> float:
    """Return the median distance [s] from `times` (N,) to the nearest of `others` (M,)."""
    others = np.sort(others)
    right = (
        np.clip(np.searchsorted(others, times), 1, len(others) - 1) if len(others) > 1 else np.zeros(len(times), int)
    )
    left = np.maximum(right - 1, 0)
    return float(np.median(np.minimum(np.abs(others[right] - times), np.abs(others[left] - times))))

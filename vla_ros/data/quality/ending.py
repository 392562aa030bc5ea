# SPDX-License-Identifier: Apache-2.0
"""Episodes that are too short or have no end."""

from __future__ import annotations

from collections.abc import Iterator

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at the episode's marks."""
    episode = data.episode
    seconds = episode.duration_s
    yield Finding("duration_s", seconds, config.short.penalty(-seconds), f"only {seconds:.2f} s long")
    if episode.marked and not episode.finished:
        yield Finding("unfinished", 1.0, config.unfinished_weight, "truncated: no end was marked")

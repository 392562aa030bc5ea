# SPDX-License-Identifier: Apache-2.0
"""Rates and gaps of every topic, required ones that are not there, and stamps that go backwards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData
from vla_ros.data.quality.finding import Finding

COUNT_MIN = 10  # messages that make a stream of a topic
EVEN = 0.35  # of the intervals may be far from the median before a topic is no stream: it speaks when it has news


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at each topic."""
    for wanted in config.required_topics:
        stream = data.stream(wanted)
        if stream is None or not len(stream.received):
            yield Finding(f"missing/{wanted}", 1.0, config.missing_weight, f"{wanted} is missing: record it too")
    for topic, stream in sorted(data.streams.items()):
        steps = np.diff(stream.times)
        forward = steps[steps > 0.0]
        if len(forward) + 1 < COUNT_MIN:
            continue
        median = float(np.median(forward))
        if float((np.abs(forward - median) > 0.5 * median).mean()) > EVEN:
            continue
        back = int((steps < 0.0).sum())
        if stream.has_stamps and back:
            loss = config.backwards.penalty(back)
            yield Finding(f"backwards{topic}", back, loss, f"{topic}: {back} stamps are earlier than the one before")
        steps = forward
        rate = len(steps) / float(steps.sum())
        yield _rate(topic, rate, config)
        if not any(_is(topic, name) for name in config.event_topics):
            yield _gap(topic, steps, median, float(steps.max()), config)


def _rate(topic: str, rate: float, config: QualityConfig) -> Finding:
    wanted = next((hz for name, hz in config.rates.items() if _is(topic, name)), None)
    if wanted is None:
        return Finding(f"rate_hz{topic}", rate)
    short = max(0.0, 1.0 - rate / wanted)
    reason = f"{topic}: {rate:.1f} messages a second, {wanted:g} are wanted"
    return Finding(f"rate_hz{topic}", rate, config.slow.penalty(short), reason)


def _gap(topic: str, steps: np.ndarray, median: float, longest: float, config: QualityConfig) -> Finding:
    limit = max(config.gap_factor * median, config.gap_min_s)
    gaps = int((steps > limit).sum())
    if not gaps:
        return Finding(f"gap_s{topic}", longest)
    loss = config.gap.penalty(longest)
    reason = f"{topic}: {gaps} gaps, the longest {longest:.2f} s of {1e3 * median:.0f} ms between messages"
    return Finding(f"gap_s{topic}", longest, loss, reason)


def _is(topic: str, name: str) -> bool:
    """Say whether a topic has this name, in whatever form its images are."""
    plain = topic.removesuffix("/compressed").removesuffix("/h264")
    return plain.endswith(f"/{name}")

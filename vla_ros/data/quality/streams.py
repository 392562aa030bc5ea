# SPDX-License-Identifier: Apache-2.0
"""Rates and gaps of every topic, required ones that are not there, and stamps that go backwards."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from vla_ros.data.quality.config import QualityConfig
from vla_ros.data.quality.episode_data import EpisodeData, Stream
from vla_ros.data.quality.finding import Finding

COUNT_MIN = 10  # messages that make a stream of a topic of which nothing is wanted
EVEN = 0.35  # of its intervals may be far from the median before it is no stream: it speaks when it has news


def measure(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    """Look at each topic."""
    yield from _missing(data, config)
    for topic, stream in sorted(data.streams.items()):
        steps = np.diff(stream.times)
        forward = steps[steps > 0.0]
        wanted = _wanted_rate(topic, data, config)
        if wanted and not len(forward) and len(stream.times):  # one message alone
            yield _rate(topic, 1.0 / max(data.episode.duration_s, 1.0), wanted, config)
        if not len(forward) or (wanted is None and not _is_stream(forward)):
            continue  # of what is wanted no hole may hide as unevenness
        back = int((steps < 0.0).sum())
        if stream.has_stamps and back:
            loss, reason = config.backwards.penalty(back), f"{topic}: {back} stamps are earlier than the one before"
            yield Finding(f"backwards{topic}", back, loss, reason, (topic,))
        yield _rate(topic, len(forward) / float(forward.sum()), wanted, config)
        if not any(_is(topic, name) for name in config.event_topics):
            yield _gap(topic, forward, wanted, config)


def is_used(topic: str, data: EpisodeData, config: QualityConfig) -> bool:
    """Say whether data is made of a topic: of the contract's, else of those that any known contract would take."""
    if data.contract is not None:
        return topic in data.contract.rates or topic in data.contract.missing
    return topic in data.usable or any(_is(topic, name) for name in (*config.rates, *config.required_topics))


def _missing(data: EpisodeData, config: QualityConfig) -> Iterator[Finding]:
    silent: list[str]
    if data.contract is not None:
        needed = [topic for topic in data.contract.rates if not _spoke(data.streams.get(topic))]
        silent = [*data.contract.missing, *needed]
    else:
        silent = [name for name in config.required_topics if not _spoke(data.stream(name))]
    for topic in silent:
        reason = f"{topic} is missing: record it too"
        yield Finding(f"missing/{topic.lstrip('/')}", 1.0, config.missing_weight, reason, (topic,))


def _spoke(stream: Stream | None) -> bool:
    return stream is not None and len(stream.received) > 0


def _wanted_rate(topic: str, data: EpisodeData, config: QualityConfig) -> float | None:
    """Return how often it is to speak at least [Hz], 0 for regularly; None for a topic of which nothing is wanted."""
    ours = None if data.contract is None else data.contract.rates.get(topic)
    return ours or next((hz for name, hz in config.rates.items() if _is(topic, name)), ours)


def _is_stream(steps: np.ndarray) -> bool:
    median = np.median(steps)
    return len(steps) + 1 >= COUNT_MIN and float((np.abs(steps - median) > 0.5 * median).mean()) <= EVEN


def _rate(topic: str, rate: float, wanted: float | None, config: QualityConfig) -> Finding:
    if not wanted:
        return Finding(f"rate_hz{topic}", rate, topics=(topic,))
    short = max(0.0, 1.0 - rate / wanted)
    reason = f"{topic}: {rate:.1f} messages a second, {wanted:g} are wanted"
    return Finding(f"rate_hz{topic}", rate, config.slow.penalty(short), reason, (topic,))


def _gap(topic: str, steps: np.ndarray, wanted: float | None, config: QualityConfig) -> Finding:
    median, longest = float(np.median(steps)), float(steps.max())
    usual = min(median, 1.0 / wanted) if wanted else median  # a stream that is slow throughout is no measure of itself
    limit = max(config.gap_factor * usual, config.gap_min_s)
    gaps = int((steps > limit).sum())
    if not gaps:
        return Finding(f"gap_s{topic}", longest, topics=(topic,))
    loss = config.gap.penalty(longest)
    reason = f"{topic}: {gaps} gaps, the longest {longest:.2f} s of {1e3 * median:.0f} ms between messages"
    return Finding(f"gap_s{topic}", longest, loss, reason, (topic,))


def _is(topic: str, name: str) -> bool:
    """Say whether a topic has this name, in whatever form its images are."""
    plain = topic.removesuffix("/compressed").removesuffix("/h264")
    return plain.endswith(f"/{name}")

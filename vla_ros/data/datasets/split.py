# SPDX-License-Identifier: Apache-2.0
"""One dataset into several by whole episodes: shares drawn with a seed, or the episodes named."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError
from vla_ros.data.datasets.copying import EpisodeSource
from vla_ros.data.datasets.metadata import load_metadata
from vla_ros.data.datasets.schema import metadata_schema
from vla_ros.data.datasets.writer import LeRobotWriter
from vla_ros.seed_range import check_seed


def share_episodes(count: int, shares: Mapping[str, float], seed: int = 0) -> dict[str, list[int]]:
    """Return which episodes, drawn at random, go to each name. Raises ConfigError unless the shares add up to 1."""
    check_seed(seed)
    if not shares or min(shares.values()) <= 0.0 or abs(sum(shares.values()) - 1.0) > 1e-6:
        raise ConfigError(f"shares {dict(shares)} must be > 0 and add up to 1, as in train=0.9 val=0.1")
    if count < len(shares):
        raise ConfigError(f"{count} episodes cannot be split into {len(shares)} parts: record more")
    order = np.random.default_rng(seed).permutation(count)
    ends = np.round(np.cumsum(list(shares.values())) * count).astype(int)
    # Each part gets at least one episode.
    ends = np.maximum(ends, np.arange(1, len(shares) + 1))
    ends = np.minimum(ends, count - np.arange(len(shares) - 1, -1, -1))
    parts = np.split(order, ends[:-1])
    return {name: sorted(part.tolist()) for name, part in zip(shares, parts, strict=True)}


def split(
    root: Path,
    output: Path,
    parts: Mapping[str, Sequence[int]],
    progress: Callable[[float], None] = lambda share: None,
) -> dict[str, int]:
    """Write the named episodes into `output/<name>`; return the frames of each.

    Raises ConfigError for an episode that does not exist or a folder that is there already.
    """
    metadata = load_metadata(root)
    for name, episodes in parts.items():
        if not name or "/" in name or name.startswith("."):
            raise ConfigError(f"part '{name}': give the name of a folder")
        for number in episodes:
            if not 0 <= number < len(metadata.episodes):
                raise ConfigError(f"part '{name}': episode {number} is not one of 0 to {len(metadata.episodes) - 1}")
        if not episodes:
            raise ConfigError(f"part '{name}' is empty: give it episodes or leave it out")
        if (output / name).exists():
            raise ConfigError(f"{output / name}: exists already: choose another output folder")
    total = sum(len(episodes) for episodes in parts.values())
    done, frames = 0, {}
    for name, episodes in parts.items():
        source = EpisodeSource(metadata)
        with LeRobotWriter(output / name, metadata_schema(metadata)) as writer:
            for number in episodes:
                writer.add(source.episode(metadata.episodes[number]))
                done += 1
                progress(done / total)
        source.close()
        frames[name] = sum(metadata.episodes[number].length for number in episodes)
    return frames


def parse_parts(words: Sequence[str], count: int, seed: int = 0) -> dict[str, list[int]]:
    """Read `train=0.9 val=0.1` (shares) or `first=0-3,7` (episodes). Raises ConfigError for anything else.

    A share has a point: `one=1` is episode 1, as `one=2` is episode 2.
    """
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value or name in given:
            raise ConfigError(f"part '{word}': give NAME=SHARE or NAME=EPISODES, each name once, as in train=0.9")
        given[name] = value
    if all("." in value for value in given.values()):
        try:
            return share_episodes(count, {name: float(value) for name, value in given.items()}, seed)
        except ValueError:
            raise ConfigError(f"parts {' '.join(words)}: shares are numbers, as in train=0.9 val=0.1") from None
    return {
        name: episode_list(value, f"part '{name}={value}': give a share such as 0.9, or")
        for name, value in given.items()
    }


def episode_list(text: str, begin: str) -> list[int]:
    """Read episodes such as `0-3,7`. Raises ConfigError, whose words `begin` so, for anything else."""
    episodes: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.partition("-")
            episodes += range(int(first), int(last) + 1) if dash else [int(first)]
    except ValueError:
        raise ConfigError(f"{begin} episodes such as 0-3,7") from None
    return sorted(set(episodes))

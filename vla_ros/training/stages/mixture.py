# SPDX-License-Identifier: Apache-2.0
"""Which samples a batch is made of: stretches of the data, each with its share, and rows of each kept back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError

STRETCH = 50  # rows in a row that are kept back together where episodes are unknown, so that few are in both
EPISODES = 4  # from so many on whole ones are kept back: of fewer it would be too much to do without


@dataclass(frozen=True)
class MixturePart:
    """A stretch of the samples; the next one begins where it ends."""

    count: int  # samples
    validation: float  # share of them kept back
    share: float = 1.0  # of each batch
    name: str = ""  # begins the names of its figures
    episodes: np.ndarray | None = field(default=None, compare=False, repr=False)  # (count,) which each sample is of


@dataclass(frozen=True, eq=False)
class Rows:
    """The rows of one part."""

    part: MixturePart
    kept: np.ndarray  # to learn from
    held: np.ndarray  # to be judged by


def parts_of(mixture: Sequence[MixturePart], usable: Callable[[np.ndarray], np.ndarray]) -> list[Rows]:
    """Return the rows of each part that are `usable` (R,) → bool (R,).

    Raises ConfigError for a part that has none to learn from or to be judged by.
    """
    found, start = [], 0
    for part in mixture:
        kept, held = (start + rows for rows in split(part.count, part.validation, part.episodes))
        start += part.count
        rows = Rows(part, kept[usable(kept)], held[usable(held)])
        if len(rows.kept) == 0 or len(rows.held) == 0:
            of = f" of the {part.name.rstrip('_')} data" if part.name else ""
            raise ConfigError(f"no frame{of} it can learn from or be judged by: generate or record more episodes")
        found.append(rows)
    return found


def draw(groups: Sequence[Rows], count: int, rng: np.random.Generator) -> np.ndarray:
    """Return the rows of a batch (count,); each part gives its share, and one sample at least."""
    if len(groups) == 1:
        return rng.choice(groups[0].kept, count)
    shares = np.array([group.part.share for group in groups])
    ends = np.round(np.cumsum(shares / shares.sum()) * count).astype(int)
    sizes = np.maximum(np.diff([0, *ends]), 1)
    return np.concatenate([rng.choice(group.kept, size) for group, size in zip(groups, sizes, strict=True)])


def portions(rows: np.ndarray, most: int) -> list[np.ndarray]:
    """Return rows (R,) in order as portions of about one size, none of more than `most`."""
    return np.array_split(rows, max(1, -(-len(rows) // most)))


def split(count: int, share: float, episodes: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and rows kept back: whole episodes (count,), or stretches where these are unknown.

    Raises ConfigError for too few.
    """
    if count < 8:
        raise ConfigError(f"{count} frames are too few to train and validate with: generate more episodes")
    rows, every = np.arange(count), max(2, round(1 / share))
    there = np.empty(0) if episodes is None else np.unique(episodes)
    if episodes is None or len(there) < EPISODES:
        held = (rows // min(STRETCH, count // 4)) % every == 0
    else:
        held = episodes % every == 0  # by their numbers: the same ones of whatever else is cut of them
        if held.all() or not held.any():
            held = np.isin(episodes, there[::every])
    return rows[~held], rows[held]

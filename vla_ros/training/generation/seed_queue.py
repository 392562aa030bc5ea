# SPDX-License-Identifier: Apache-2.0
"""Which seeds are next, so that what comes out depends neither on the number of workers nor on who was killed when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

GROUP_MAX = 8  # seeds that are written together: what a kill can cost, and how rarely the disk is waited for


@dataclass(frozen=True)
class Group:
    """Seeds that one worker makes, one after the other, into one folder."""

    kind: str
    seeds: tuple[int, ...]


class SeedQueue:
    """Hand out the seeds of one kind in order.

    A further seed goes out only while too few could come back, so in the end there are the first `wanted` of all seeds
    from `first` on that give an episode.
    """

    def __init__(self, kind: str, first: int, wanted: int, made: Iterable[int], rejected: Iterable[int]) -> None:
        self.kind, self.wanted = kind, wanted
        made = set(made)
        self._done = made | set(rejected)
        self.made = len(made)
        self._next = first
        self._out: set[int] = set()
        self._back: set[int] = set()  # to be made again, with others
        self._alone: set[int] = set()  # to be made again alone: one of them may have killed its worker
        self._deaths: Counter[int] = Counter()

    @property
    def missing(self) -> int:
        """Return how many episodes are neither made nor being tried."""
        return max(0, self.wanted - self.made - len(self._out))

    def is_done(self, seed: int) -> bool:
        """Tell whether a seed gave an episode that is there, or was rejected."""
        return seed in self._done

    def take(self, workers: int) -> Group | None:
        """Return the next group, small enough that all workers share in what is missing; None when nothing is."""
        if not self.missing:
            return None
        if self._alone:
            return self._hand_out([min(self._alone)])
        size = min(GROUP_MAX, -(-self.missing // max(1, workers)))
        return self._hand_out([self._following() for _ in range(size)])

    def end(self, group: Group, made: Iterable[int], rejected: Iterable[int]) -> None:
        """Take back a group: what was made, what gave nothing; the others are made again."""
        made, rejected = set(made), set(rejected)
        self._out -= set(group.seeds)
        self.made += len(made - self._done)
        self._done |= made | rejected
        self._back |= set(group.seeds) - self._done

    def died(self, group: Group) -> int | None:
        """Take back a group whose worker died; return the seed that did it, once that is sure.

        Workers also die of what no seed can help (memory, a person), so each seed gets another chance, alone.
        """
        self._out -= set(group.seeds)
        self._deaths.update(group.seeds)
        if len(group.seeds) == 1 and self._deaths[group.seeds[0]] > 1:
            self._done.update(group.seeds)
            return group.seeds[0]
        self._alone |= set(group.seeds)
        return None

    def _following(self) -> int:
        if self._back:
            seed = min(self._back)
            self._back.remove(seed)
            return seed
        while self._next in self._done:
            self._next += 1
        self._next += 1
        return self._next - 1

    def _hand_out(self, seeds: list[int]) -> Group:
        self._out.update(seeds)
        self._alone -= set(seeds)
        return Group(self.kind, tuple(seeds))

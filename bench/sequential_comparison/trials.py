# SPDX-License-Identifier: Apache-2.0
"""Simulated comparisons of two policies: outcomes scene by scene under a law that is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vla_ros.evaluation.sequential import SequentialComparison, Verdict

Rates = Callable[[np.random.Generator, tuple[int, int]], tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Law:
    """How likely each policy succeeds in each scene."""

    name: str
    rates: Rates  # (random, (comparisons, scenes)) → the rates of both in each scene
    difference: float  # of the mean rates, first minus second

    def draw(self, comparisons: int, scenes: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the successes of both, each (comparisons, scenes)."""
        random = np.random.default_rng(seed)
        first, second = self.rates(random, (comparisons, scenes))
        shape = (comparisons, scenes)
        return random.random(shape) < first, random.random(shape) < second


def independent(first: float, second: float) -> Law:
    """Return the law of policies whose failures have nothing in common."""
    name = f"{100 * first:g} % and {100 * second:g} %"
    return Law(name, lambda random, shape: (np.full(shape, first), np.full(shape, second)), first - second)


def _shared(random: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rates = random.beta(0.9, 0.1, shape)
    return rates, rates


def _opposed(random: np.random.Generator, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    rates = np.where(random.random(shape) < 0.5, 0.95, 0.55)
    return rates, 1.5 - rates


# The same rate of both over all scenes: whoever finds one of them better errs.
EQUAL = (
    independent(0.5, 0.5),
    independent(0.95, 0.95),
    Law("90 % each, easy and hard scenes", _shared, 0.0),
    Law("75 % each, good at other scenes", _opposed, 0.0),
)


@dataclass(frozen=True)
class Outcome:
    """What came of many comparisons, each looked at after every scene."""

    decided_after: np.ndarray  # (comparisons,) scenes; 0 where it was not decided
    right: np.ndarray  # (comparisons,) of those decided: whether the better one was found
    missed: int  # comparisons whose interval ever left out the true difference

    def decided_by(self, scenes: int) -> float:
        """Return the share that was decided within so many scenes."""
        return float(((self.decided_after > 0) & (self.decided_after <= scenes)).mean())


def look_after_every_scene(law: Law, first: np.ndarray, second: np.ndarray) -> Outcome:
    """Compare as `vla compare` does."""
    after, right, missed = [], [], 0
    better = Verdict.FIRST if law.difference > 0.0 else Verdict.SECOND if law.difference < 0.0 else Verdict.OPEN
    for here, there in zip(first, second, strict=True):
        sequence = SequentialComparison(here.astype(int) - there.astype(int))
        after.append(sequence.decided_after or 0)
        right.append(sequence.verdict is better)
        missed += sequence.contradicts(law.difference)
    return Outcome(np.array(after), np.array(right), missed)

# SPDX-License-Identifier: Apache-2.0
"""What --slow and --slow-sample choose: which tests marked `slow` run, and how often others try at random."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable

SHARE = 6  # of the cases of a slow test a sample takes one in so many; of one alone it takes every sixth time

thorough = False  # --slow, which conftest.py reads before any test module


def trials(few: int, all_of_them: int) -> int:
    """Return how often a test tries something at random: `few` times, and with --slow as often as it can."""
    return all_of_them if thorough else few


def sample(ids: Iterable[str], seed: str) -> set[str]:
    """Return a share of each test function's cases: the same for the same seed, other ones for most others."""
    functions: dict[str, list[str]] = defaultdict(list)
    for case in ids:
        functions[case.partition("[")[0]].append(case)
    chosen: set[str] = set()
    for function, cases in functions.items():
        drawn = int.from_bytes(_rank(function, seed)[:4]) / 2**32  # what is left over is taken that often
        count = math.floor(len(cases) / SHARE + drawn)
        chosen.update(sorted(cases, key=lambda case: _rank(case, seed))[:count])
    return chosen


def named(case: str, words: Iterable[str]) -> bool:
    """Say whether one of pytest's positional words names this test itself and not only its file."""
    test = case.partition("::")[2]
    return any(test.startswith(word.partition("::")[2]) for word in words if "::" in word)


def _rank(case: str, seed: str) -> bytes:
    return hashlib.sha256(f"{seed} {case}".encode()).digest()

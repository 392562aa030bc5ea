# SPDX-License-Identifier: Apache-2.0
"""The sequential comparison: errors under many looks, coverage, power, and what it says of small cases."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from bench.sequential_comparison.fixed_tests import fisher, mcnemar
from bench.sequential_comparison.trials import EQUAL, independent, look_after_every_scene
from vla_ros.evaluation.sequential import ERROR, SHARES, SequentialComparison, Verdict

COMPARISONS, SCENES = 400, 300  # the full number is a slow test's


def bound(share: float, count: int) -> float:
    """Return what a share is exceeded by in one of a thousand samples at most, by the normal approximation."""
    return share + 3.1 * math.sqrt(share * (1.0 - share) / count)


@pytest.mark.parametrize("law", EQUAL, ids=lambda law: law.name)
def test_equal_policies_are_told_apart_in_5_percent_of_comparisons_at_most_looked_at_after_every_scene(law) -> None:
    first, second = law.draw(COMPARISONS, SCENES, seed=20)
    outcome = look_after_every_scene(law, first, second)
    assert outcome.decided_by(SCENES) <= bound(ERROR, COMPARISONS)
    assert outcome.missed <= COMPARISONS * bound(ERROR, COMPARISONS)
    assert outcome.decided_by(SCENES) > 0.002  # a test that never decides would err as seldom
    # The bound finds out a procedure that may be looked at once: the same outcomes, McNemar's test at every look.
    assert mcnemar(first, second).any(axis=1).mean() > bound(ERROR, COMPARISONS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("law", EQUAL, ids=lambda law: law.name)
def test_ten_thousand_comparisons_err_in_5_percent_at_most(law) -> None:
    outcome = look_after_every_scene(law, *law.draw(10_000, 500, seed=21))
    assert outcome.decided_by(500) <= ERROR
    assert outcome.missed <= ERROR * 10_000


@pytest.mark.parametrize("error", [0.05, 0.005])
def test_the_exact_probability_of_ever_deciding_for_a_fair_coin(error: float) -> None:
    """Walk over all counts of wins and losses in 400 scenes that tell them apart: no simulation, no approximation."""
    tosses, threshold = 400, math.log(2.0 / error)
    undecided, erred = np.array([1.0]), 0.0  # by the number of wins
    for n in range(1, tosses + 1):
        undecided = 0.5 * (np.append(undecided, 0.0) + np.append(0.0, undecided))
        wins = np.arange(n + 1.0)
        sides = [
            np.log(np.exp(a[:, None] * np.log1p(SHARES) + b[:, None] * np.log1p(-SHARES)).mean(axis=1))
            for a, b in ((wins, n - wins), (n - wins, wins))
        ]
        decided = np.maximum(*sides) >= threshold
        erred += undecided[decided].sum()
        undecided = np.where(decided, 0.0, undecided)
    assert 0.3 * error < erred <= error


def test_the_interval_holds_the_true_difference_in_all_scenes_at_once() -> None:
    law = independent(0.9, 0.8)
    outcome = look_after_every_scene(law, *law.draw(COMPARISONS, SCENES, seed=22))
    assert outcome.missed <= COMPARISONS * bound(ERROR, COMPARISONS)


def test_a_difference_is_found_and_rather_soon() -> None:
    law = independent(0.95, 0.75)
    first, second = law.draw(200, 300, seed=23)
    outcome = look_after_every_scene(law, first, second)
    assert outcome.decided_by(300) > 0.95
    assert outcome.right[outcome.decided_after > 0].mean() > 0.98
    assert np.median(outcome.decided_after[outcome.decided_after > 0]) < 80


def test_every_look_counts_and_a_decision_stands() -> None:
    won = [1] * 7
    assert SequentialComparison(won[:6]).verdict is Verdict.OPEN
    decided = SequentialComparison(won + [0] * 5 + [-1] * 12)
    assert (decided.verdict, decided.decided_after, decided.needed) == (Verdict.FIRST, 7, 0)
    assert decided.mean < 0.0  # the rest was bad luck, or the 5 %
    assert SequentialComparison([-1] * 7).verdict is Verdict.SECOND
    # What both did alike costs nothing: only its place in the order differs.
    spread = SequentialComparison(list(itertools.chain.from_iterable([0] * 9 + [1] for _ in range(7))))
    assert spread.decided_after == 70


@pytest.mark.parametrize("differences", [[], [0] * 40, [1, 0, -1, 1], [1] * 9 + [0] * 30, [0.5, -0.25, 0.0, 1.0] * 6])
def test_the_interval_turns_around_when_the_two_change_places(differences: list[float]) -> None:
    one, other = SequentialComparison(differences), SequentialComparison([-x for x in differences])
    low, high = one.interval
    assert other.interval == pytest.approx((-high, -low))
    assert -1.0 <= low <= one.mean <= high <= 1.0
    assert (low > 0.0) is (one.verdict is Verdict.FIRST)
    for end, step in ((low, 1e-6), (high, -1e-6)):
        if abs(end) < 1.0 - 1e-6:
            assert one.contradicts(end - step)
            assert not one.contradicts(end + step)
    if differences:
        assert one.intervals([len(differences)])[0][0] <= low + 1e-9


def test_how_many_more_scenes_it_would_take() -> None:
    seen = [1, 0, 0, 0, 1, 0, -1, 0, 0, 1] * 4
    open_yet = SequentialComparison(seen)
    assert open_yet.verdict is Verdict.OPEN
    more = open_yet.needed
    assert more is not None
    grown = SequentialComparison(seen * math.ceil(1 + more / len(seen)))
    assert grown.verdict is Verdict.FIRST
    assert abs(grown.decided_after - len(seen) - more) <= 10
    assert SequentialComparison([1, -1] * 20).needed is None
    assert SequentialComparison([0] * 20).needed is None


@pytest.mark.parametrize("wrong", [[2], [float("nan")], [0, -1.5], [[1, 0]]])
def test_what_is_no_difference_of_successes_is_refused(wrong: list) -> None:
    with pytest.raises(ValueError, match="from -1 to 1"):
        SequentialComparison(wrong)


def test_the_fixed_tests_are_the_fields() -> None:
    first = np.array([[True] * 12])
    # Five to none has p = 1/16, six to none 1/32.
    assert mcnemar(first, ~first)[0].tolist() == [False] * 5 + [True] * 7
    # Fisher's p of 3 of 3 against none is 0.1, of 4 of 4 it is 2/70.
    assert fisher(first, ~first)[0].tolist()[:4] == [False, False, False, True]

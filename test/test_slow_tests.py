# SPDX-License-Identifier: Apache-2.0
"""Which of the slow tests a run takes: a sample that can be repeated, and in time every case."""

from __future__ import annotations

from collections import Counter

import slow_tests
from slow_tests import SHARE, named, sample, trials

SWEEP = [f"test/a.py::test_sweep[{i}]" for i in range(10)]
CASES = [*SWEEP, "test/a.py::test_alone", "test/b.py::test_sweep[x]"]


def test_a_seed_chooses_the_same_cases_in_any_order():
    chosen = sample(CASES, "1f3a")
    assert sample(reversed(CASES), "1f3a") == chosen
    assert len(chosen & set(SWEEP)) in (len(SWEEP) // SHARE, -(-len(SWEEP) // SHARE))


def test_other_seeds_choose_others_until_all_have_been():
    chosen = [frozenset(sample(SWEEP, str(seed))) for seed in range(40)]
    assert len(set(chosen)) > 10
    assert frozenset().union(*chosen) == set(SWEEP)


def test_every_case_is_chosen_as_often_as_any_other():
    seeds, chosen = 2000, Counter()
    for seed in range(seeds):
        chosen.update(sample(CASES, str(seed)))
    for case in CASES:  # a case alone in its function too
        assert abs(chosen[case] / seeds - 1.0 / SHARE) < 0.05, case


def test_a_case_that_was_named_runs_and_its_file_alone_names_none():
    case = SWEEP[1]
    assert named(case, [f"/anywhere/{case}"])
    assert named(case, ["test/a.py::test_sweep"])
    assert not named(case, ["test/a.py", "test"])
    assert not named(case, ["test/a.py::test_alone"])


def test_few_trials_unless_all_are_asked_for(monkeypatch):
    monkeypatch.setattr(slow_tests, "thorough", False)
    assert trials(3, 50) == 3
    monkeypatch.setattr(slow_tests, "thorough", True)
    assert trials(3, 50) == 50

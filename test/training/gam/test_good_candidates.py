# SPDX-License-Identifier: Apache-2.0
"""What the actor learns and what the critic is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny.gam import write_scenes

from vla_ros.policies.gam.criteria import criteria_of, merits
from vla_ros.training.gam.candidate_file import LabelledCandidates, read_candidates
from vla_ros.training.gam.good_candidates import balanced_rows, label_merits, top_candidates

ASKED = criteria_of("suction")


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledCandidates:
    folder = write_scenes(tmp_path_factory.mktemp("good") / "set", 1)
    return read_candidates(Path(folder / "candidates/000000/quad_cup.suction.npz"))


def test_merits_are_those_of_a_run_where_all_is_known() -> None:
    scores = np.random.default_rng(0).random((20, len(ASKED)))
    assert np.allclose(label_merits(scores, ASKED), merits(scores.tolist(), ASKED))
    scores[3, 1:] = np.nan  # the collision alone is known
    scores[4] = np.nan
    found = label_merits(scores, ASKED)
    assert found[3] == pytest.approx(1.0 - scores[3, 0])
    assert np.isnan(found[4])


def test_the_actor_learns_the_best_tenth_without_collisions(labelled: LabelledCandidates) -> None:
    top = top_candidates(labelled, 0.1, False)
    assert len(top) == 18
    assert (labelled.scores[top, 0] == 0.0).all()
    values = label_merits(labelled.scores, labelled.asked)
    others = np.setdiff1d(np.flatnonzero(labelled.scores[:, 0] == 0.0), top)
    assert values[top].min() >= values[others].max()
    assert labelled.success[top].mean() > 0.95


def test_it_learns_no_failure_where_that_is_said(labelled: LabelledCandidates) -> None:
    with_failures, without = (top_candidates(labelled, 0.6, alone) for alone in (False, True))
    assert labelled.success[with_failures].mean() < 1.0
    assert set(without) == set(np.flatnonzero(labelled.success == 1.0))
    unknown = replace(labelled, success=np.full_like(labelled.success, np.nan))
    assert np.array_equal(top_candidates(unknown, 0.6, True), with_failures)


def test_where_all_collide_or_nobody_knows_there_is_nothing_to_learn(labelled: LabelledCandidates) -> None:
    for value in (1.0, np.nan):
        scores = labelled.scores.copy()
        scores[:, 0] = value
        assert len(top_candidates(replace(labelled, scores=scores), 0.1, True)) == 0


def test_the_critic_sees_as_many_good_as_bad_ones_of_each_criterion() -> None:
    rng = np.random.default_rng(0)
    scores = np.full((400, 3), np.nan)
    scores[:, 0] = rng.random(400) < 0.03  # rare
    scores[:200, 1] = 0.2 + 0.1 * rng.random(200) ** 4  # a narrow range, mostly low
    rows = np.concatenate([balanced_rows(scores, 7, rng) for _ in range(400)])
    assert len(rows) == 2800
    # Half of what is drawn is drawn by either criterion, so a quarter of all is rare for that alone.
    assert 0.25 < scores[rows, 0].mean() < 0.32
    known = scores[rows, 1][np.isfinite(scores[rows, 1])]
    assert 0.3 < (known > 0.25).mean() < 0.5


def test_candidates_that_are_all_alike_are_drawn_as_they_are() -> None:
    rng = np.random.default_rng(0)
    rows = balanced_rows(np.full((5, 2), [1.0, np.nan]), 100, rng)
    assert set(rows) == set(range(5))

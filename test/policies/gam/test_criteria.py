# SPDX-License-Identifier: Apache-2.0
"""Scores to an order: weights, directions and limits of criteria."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import CRITERIA, criteria_of, criterion_named, merits, ranking
from vla_ros.policies.gam.prompts import PLACE, mode_prompt
from vla_ros.policies.gam.proposal import Proposal
from vla_ros.robots.tools.description import CAGE, PINCH, SUCTION

COLLISION, SEAL = criterion_named("collision"), criterion_named("seal")


def test_a_candidate_that_collides_is_not_taken_however_well_it_seals():
    asked = (COLLISION, SEAL)
    assert ranking([[0.9, 1.0], [0.1, 0.2], [0.2, 0.9]], asked) == [2, 1]
    assert ranking([[0.9, 1.0]], asked) == []


def test_weights_at_run_time_decide_what_comes_first():
    scores = [[0.4, 0.9], [0.0, 0.7]]
    assert ranking(scores, (COLLISION, replace(SEAL, weight=10.0))) == [0, 1]
    assert ranking(scores, (COLLISION, replace(SEAL, weight=0.1))) == [1, 0]


def test_merit_is_the_weighted_mean_and_a_risk_counts_against():
    asked = (replace(COLLISION, weight=1.0), replace(SEAL, weight=3.0))
    assert merits([[0.2, 0.5]], asked) == pytest.approx([(0.8 + 3 * 0.5) / 4])
    with pytest.raises(ConfigError, match="at least one weight must be above 0"):
        merits([[0.2]], (replace(SEAL, weight=0.0),))


def test_every_mode_has_a_prompt_and_asks_for_collisions():
    for mode in (SUCTION, PINCH, CAGE, PLACE):
        assert mode_prompt(mode)
        assert COLLISION in criteria_of(mode)
    assert SEAL not in criteria_of(PINCH)
    assert len({one.prompt for one in CRITERIA}) == len(CRITERIA)


def test_unknown_names_are_one_line():
    with pytest.raises(ConfigError, match="seal"):
        criterion_named("seel")
    with pytest.raises(ConfigError, match="suction"):
        mode_prompt("sucking")


def test_the_best_of_every_instance_are_kept_in_the_order_of_instances():
    count = 6
    proposal = Proposal(
        Candidates(
            np.arange(3.0 * count).reshape(count, 3), np.tile(np.eye(3), (count, 1, 1)), np.ones((count, 1)),
            np.full(count, np.nan), np.full(count, np.nan),
        ),
        np.array([7, 7, 7, 2, 2, 2]),
        np.array([[0.9, 1.0], [0.0, 0.5], [0.0, 0.6], [0.0, 0.1], [0.0, 0.3], [0.0, 0.2]]),
    )  # fmt: skip
    kept = proposal.best(2, (COLLISION, SEAL))
    assert kept.instances.tolist() == [7, 7, 2, 2]
    assert kept.scores[:, 1].tolist() == [0.6, 0.5, 0.3, 0.2]
    np.testing.assert_array_equal(kept.candidates.positions[:, 0], [6.0, 3.0, 12.0, 15.0])

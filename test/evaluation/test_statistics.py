# SPDX-License-Identifier: Apache-2.0
"""Figures of an evaluation against numbers worked out by hand and SciPy's Wilson interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from vla_ros.evaluation.statistics import (
    EpisodeResult,
    by_category,
    failure_causes,
    interval_of_shares,
    summary,
    wilson_interval,
)


def episode(success: bool = True, **changes) -> EpisodeResult:
    values = {
        "seed": 0, "category": "mug", "target": "mug_0", "instruction": "pick up the mug",
        "outcome": "success" if success else "time limit", "success": success, "attempts": 1,
        "first_lifted": "mug_0", "steps": 50, "duration_s": 6.0, "wall_s": 2.0, "reference_steps": 40,
    }  # fmt: skip
    return EpisodeResult(**(values | changes))


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_interval_is_scipys(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(method="wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("alike", [False, True])
def test_the_interval_of_parts_holds_the_truth_also_where_those_of_an_episode_are_alike(alike: bool) -> None:
    random, held, taken_as_independent = np.random.default_rng(0), 0, 0
    for _ in range(400):
        of = random.integers(4, 9, 40)
        done = random.binomial(of, random.beta(1.4, 0.6, 40) if alike else 0.7)
        low, high = interval_of_shares(done.tolist(), of.tolist())
        held += low <= 0.7 <= high
        low, high = wilson_interval(int(done.sum()), int(of.sum()))
        taken_as_independent += low <= 0.7 <= high
    assert 0.92 <= held / 400 <= 0.98
    if alike:
        assert taken_as_independent / 400 < 0.85


def test_where_all_or_none_are_done_episodes_count() -> None:
    assert interval_of_shares([5, 7], [5, 7]) == wilson_interval(2, 2)
    assert interval_of_shares([0, 0, 0], [5, 7, 0]) == wilson_interval(0, 2)
    assert interval_of_shares([], []) == (0.0, 1.0)


def test_wilson_interval_without_trials_says_nothing() -> None:
    assert wilson_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"steps": 50, "reference_steps": 40}, 0.8),
        ({"steps": 30, "reference_steps": 40}, 1.0),
        ({"steps": 30, "reference_steps": None}, 1.0),
        ({"success": False}, 0.0),
        ({"success": False, "reference_steps": None}, 0.0),
    ],
)
def test_success_weighted_by_path_length(changes: dict, expected: float) -> None:
    assert episode(**changes).spl == pytest.approx(expected)


def test_summary_of_four_episodes() -> None:
    episodes = [
        episode(),
        episode(attempts=3, steps=80),
        episode(success=False, first_lifted="can_1", duration_s=60.0, wall_s=10.0),
        episode(success=False, first_lifted=None, attempts=0),
    ]
    figures = summary(episodes)
    assert figures["success_rate"] == 0.5
    assert figures["if_rate"] == 0.5
    assert figures["spl"] == pytest.approx((0.8 + 0.5) / 4)
    assert figures["attempts_mean"] == pytest.approx(5 / 4)
    assert figures["episode_s_mean"] == pytest.approx(78 / 4)
    assert figures["successes_per_hour"] == pytest.approx(2 * 3600 / 78)
    assert figures["sim_speed"] == pytest.approx(78 / 16)
    assert figures["episodes"] == 4
    assert list(figures) == [
        "success_rate", "success_ci95_low", "success_ci95_high", "if_rate", "spl", "attempts_mean",
        "episode_s_mean", "successes_per_hour", "sim_speed", "episodes",
    ]  # fmt: skip


def test_things_are_counted_over_all_episodes_that_ask_for_several() -> None:
    figures = summary([episode(parts_done=5, parts=5), episode(success=False, parts_done=4, parts=7), episode()])
    assert figures["parts"] == 12
    assert figures["parts_rate"] == pytest.approx(9 / 12)
    assert (figures["parts_ci95_low"], figures["parts_ci95_high"]) == interval_of_shares([5, 4], [5, 7])
    assert "parts" not in summary([episode()])


def test_what_choosers_expect_stands_beside_the_rate_of_first_objects() -> None:
    both = [episode(chance=0.5, color_alone=1.0), episode(chance=0.25, color_alone=0.5)]
    figures = summary(both)
    assert (figures["if_rate_chance"], figures["if_rate_color_alone"]) == (0.375, 0.75)
    assert "if_rate_chance" not in summary([*both, episode()])  # of an older log: not known of all
    assert "if_rate_noun_alone" not in figures
    newer = [episode(chance=0.2, color_alone=0.2, noun_alone=share, name_alone=share) for share in (0.5, 1.0)]
    assert (summary(newer)["if_rate_noun_alone"], summary(newer)["if_rate_name_alone"]) == (0.75, 0.75)


def test_no_episodes_are_no_error() -> None:
    assert summary([])["episodes"] == 0


def test_groups() -> None:
    episodes = [episode(), episode(False, category="can", cause="slipped"), episode(category="can")]
    assert by_category(episodes) == {"can": (1, 2), "mug": (1, 1)}
    assert failure_causes([*episodes, episode(False)]) == {"slipped": 1, "time limit": 1}


def test_a_share_of_alarms_where_there_was_nothing_is_not_written() -> None:
    figures = summary([episode(alarms=1), episode(alarms=0), episode(success=False)])
    assert figures["alarms_in_successes"] == 0.5
    assert "alarms_in_failures" not in figures  # the one failure was not watched
    figures = summary([episode(alarms=2, success=False), episode(alarms=0, success=False)])
    assert figures["alarms_in_failures"] == 0.5
    assert "alarms_in_successes" not in figures

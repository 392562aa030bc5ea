# SPDX-License-Identifier: Apache-2.0
"""How many scenes a comparison takes: reached in simulated comparisons, by tests that are not ours where there are."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from controllers.errors import ConfigError
from vla_ros.evaluation.power.fixed_number import paired_power, scenes_needed, unpaired_power
from vla_ros.evaluation.power.paired_rates import PairedRates, planned
from vla_ros.evaluation.power.until_decided import fewest_wins, until_decided
from vla_ros.evaluation.sequential import SequentialComparison, Verdict

COMPARISONS = 2000
CASES = [planned(0.8, 15.0), planned(0.8, 15.0, 0.4), planned(0.95, -20.0), planned(0.5, 30.0, -0.3)]


def drawn(rates: PairedRates, comparisons: int, scenes: int, seed: int) -> np.ndarray:
    """Return differences of successes, (comparisons, scenes): 1 where the better one alone succeeded."""
    u = np.random.default_rng(seed).random((comparisons, scenes))
    return np.where(u < rates.won, 1, np.where(u < rates.discordance, -1, 0))


def within(count: int, trials: int, share: float) -> bool:
    """Say whether a simulation is what a share allows, erring in one of a thousand simulations."""
    low, high = binomtest(count, trials).proportion_ci(0.999)
    return bool(low <= share <= high)


@pytest.mark.parametrize("rates", CASES, ids=str)
def test_rates_are_those_of_two_policies_so_correlated(rates: PairedRates) -> None:
    both = rates.better - rates.won
    assert both == pytest.approx(rates.worse - rates.lost)
    scale = math.sqrt(rates.better * (1 - rates.better) * rates.worse * (1 - rates.worse))
    assert (both - rates.better * rates.worse) / scale == pytest.approx(rates.correlation)
    for end in rates.correlations:
        limit = PairedRates(rates.better, rates.worse, end)
        assert min(limit.won, limit.lost, 1.0 - limit.discordance, limit.better - limit.won) >= -1e-9


@pytest.mark.parametrize("rates", CASES[::2], ids=str)
def test_fishers_test_reaches_its_power_in_simulated_comparisons(rates: PairedRates) -> None:
    scenes = scenes_needed(unpaired_power, rates, 0.8, 0.05)
    assert scenes is not None
    assert unpaired_power(rates, scenes, 0.05) >= 0.8 > unpaired_power(rates, scenes - 1, 0.05)
    random = np.random.default_rng(40)
    a, b = (random.binomial(scenes, rate, COMPARISONS) for rate in (rates.better, rates.worse))
    found: dict[tuple[int, int], bool] = {}
    for pair in set(zip(a.tolist(), b.tolist(), strict=True)):
        table = [[pair[0], scenes - pair[0]], [pair[1], scenes - pair[1]]]
        found[pair] = fisher_exact(table, alternative="two-sided").pvalue <= 0.05
    count = sum(found[pair] for pair in zip(a.tolist(), b.tolist(), strict=True))
    assert within(count, COMPARISONS, unpaired_power(rates, scenes, 0.05))


@pytest.mark.parametrize("rates", CASES, ids=str)
def test_mcnemars_test_reaches_its_power_in_simulated_comparisons(rates: PairedRates) -> None:
    scenes = scenes_needed(paired_power, rates, 0.8, 0.05)
    assert scenes is not None
    assert paired_power(rates, scenes, 0.05) >= 0.8 > paired_power(rates, scenes - 1, 0.05)
    differences = drawn(rates, COMPARISONS, scenes, seed=41)
    pairs = list(zip((differences > 0).sum(axis=1).tolist(), (differences < 0).sum(axis=1).tolist(), strict=True))
    found = {(w, lost): w + lost > 0 and binomtest(w, w + lost).pvalue <= 0.05 for w, lost in set(pairs)}
    assert within(sum(found[pair] for pair in pairs), COMPARISONS, paired_power(rates, scenes, 0.05))
    # The interval finds out a number of scenes that is a quarter too small.
    assert not within(sum(found[pair] for pair in pairs), COMPARISONS, paired_power(rates, 3 * scenes // 4, 0.05))


@pytest.mark.parametrize("rates", CASES, ids=str)
def test_the_sequential_test_decides_when_the_plan_says(rates: PairedRates) -> None:
    planned_for = until_decided(rates)
    wanted = planned_for.scenes(0.8)
    assert wanted is not None
    assert planned_for.decided_within(wanted) >= 0.8 > planned_for.decided_within(wanted - 1)
    comparisons, longest = 1000, planned_for.scenes(0.9999)
    assert longest is not None
    sequences = [SequentialComparison(row) for row in drawn(rates, comparisons, longest, seed=50 + CASES.index(rates))]
    after = np.array([longest if s.decided_after is None else s.decided_after for s in sequences])
    assert within(int((after <= wanted).sum()), comparisons, planned_for.decided_within(wanted))
    assert abs(after.mean() - planned_for.mean) < 3.3 * after.std() / math.sqrt(comparisons)
    wrong = sum(s.verdict is Verdict.SECOND for s in sequences)
    assert within(wrong, comparisons, 1.0 - planned_for.right_share)
    assert planned_for.right_share > 0.975


@pytest.mark.parametrize("error", [0.05, 0.01])
def test_the_boundary_is_the_sequential_tests_own(error: float) -> None:
    counts = np.arange(1, 60)
    for count, wins in zip(counts.tolist(), fewest_wins(counts, error).tolist(), strict=True):
        for won in (wins - 1, wins):
            if won > count:
                continue
            row = SequentialComparison([1] * won + [-1] * (count - won), error)
            assert bool(row.evidence[0][-1] >= row.threshold) is (won >= wins)
        assert wins <= count or not SequentialComparison([1] * count, error).evidence[0][-1] >= math.log(2 / error)
    assert fewest_wins(np.array([6, 7]), 0.05).tolist() == [7, 7]


def test_equal_policies_of_a_planned_test_err_as_seldom_as_alpha_says() -> None:
    """A test's own size, by its power where there is nothing to find."""
    nearly = PairedRates(0.7 + 1e-9, 0.7)
    for alpha in (0.05, 0.01):
        assert 0.2 * alpha < unpaired_power(nearly, 200, alpha) <= alpha
        assert 0.2 * alpha < paired_power(nearly, 200, alpha) <= alpha


def test_the_more_alike_the_fewer_scenes() -> None:
    needed = [scenes_needed(paired_power, planned(0.8, 5.0, c), 0.8, 0.05) for c in (0.0, 0.3, 0.6)]
    assert needed == sorted(needed, reverse=True)
    means = [until_decided(planned(0.8, 5.0, c)).mean for c in (0.0, 0.3, 0.6)]
    assert means == sorted(means, reverse=True)
    assert scenes_needed(unpaired_power, planned(0.8, 5.0), 0.9, 0.05) > scenes_needed(
        unpaired_power, planned(0.8, 5.0), 0.8, 0.05
    )


@pytest.mark.parametrize(
    ("rate", "points", "correlation", "message"),
    [
        (0.98, 5.0, 0.0, "is a rate of 1.03"),
        (1.2, 5.0, 0.0, "--rate must be 0 to 1"),
        (0.5, 0.1, 0.0, "--points must be 1 to 90"),
        (float("nan"), 5.0, 0.0, "--rate must be"),
        (0.8, 5.0, 0.95, "--paired-correlation must be -0.21 to 0.84"),
        (1.0, -10.0, 0.3, "--paired-correlation must be 0.00 to 0.00"),
    ],
)
def test_what_no_two_policies_can_be_is_refused(rate: float, points: float, correlation: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        planned(rate, points, correlation)

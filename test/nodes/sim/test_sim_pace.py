# SPDX-License-Identifier: Apache-2.0
"""The simulator's pace: on time, late for a moment, late for long, and standing still for others."""

from __future__ import annotations

import itertools

import pytest

from vla_ros.nodes.sim.pace import BURST_MAX, CATCH_UP, LOST_MAX, Pace

PERIOD = 0.002


def run(pace: Pace, now: float, rounds: int, busy: float = 0.0) -> float:
    """Do rounds that take `busy` [s] of work each; return the time when the last one begins."""
    for _ in range(rounds):
        now = max(now + busy, pace.next_round(PERIOD, now + busy))
    return now


def test_rounds_come_a_period_apart():
    assert run(Pace(5.0), 5.0, 1000) == pytest.approx(5.0 + 1000 * PERIOD)


def test_a_moment_lost_is_made_good_without_a_burst():
    pace = Pace(0.0)
    late = run(pace, 0.0, 100) + 0.1
    begins = [late := max(late, pace.next_round(PERIOD, late)) for _ in range(500)]
    assert sum(begin == begins[0] for begin in begins) <= BURST_MAX / PERIOD + 1  # at once: as little as ever
    gaps = [later - begin for begin, later in itertools.pairwise(begins[10:])]
    assert min(gaps) >= PERIOD / CATCH_UP - 1e-9
    assert begins[-1] == pytest.approx(600 * PERIOD)  # on time again


def test_what_a_slow_machine_loses_is_lost():
    pace = Pace(0.0)
    now = run(pace, 0.0, 1000, busy=2 * PERIOD)
    assert pace.lost == pytest.approx(LOST_MAX)
    assert now == pytest.approx(1000 * 2 * PERIOD, rel=0.01)
    assert run(pace, now, 1000) == pytest.approx(now + 1000 * PERIOD - LOST_MAX - BURST_MAX, abs=2 * PERIOD)


def test_standing_still_for_others_is_not_made_good():
    pace = Pace(0.0)
    now = run(pace, 0.0, 100) + 0.5
    pace.stood_still(0.5)
    assert run(pace, now, 100) == pytest.approx(now + 100 * PERIOD)
    assert pace.lost == 0.0

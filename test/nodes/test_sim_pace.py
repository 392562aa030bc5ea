# SPDX-License-Identifier: Apache-2.0
"""The simulator's pace: real time, and a bounded way back to it."""

from __future__ import annotations

import pytest

from vla_ros.nodes.sim.pace import BACKLOG_MAX, CATCH_UP, Pace

PERIOD = 0.002


def rounds_until(pace: Pace, now: float, end: float) -> tuple[int, float]:
    """Return how many rounds are due until `end` [s], and when the last one was."""
    count = 0
    while (due := pace.due(PERIOD, now)) <= end:
        now, count = due, count + 1
    return count, now


def test_a_world_in_time_takes_one_round_a_period():
    count, _ = rounds_until(Pace(10.0), 10.0, 11.0 + 1e-9)
    assert count == 500


def test_what_was_lost_is_made_good_at_a_bounded_speed():
    count, _ = rounds_until(Pace(10.0), 10.1, 10.3)  # it began 0.1 s late
    assert count == pytest.approx(0.2 * CATCH_UP / PERIOD, abs=2)
    count, _ = rounds_until(Pace(10.0), 10.1, 11.0)
    assert count == pytest.approx(1.0 / PERIOD, abs=2), "all of it is made good, and no more"


def test_more_than_the_backlog_is_lost():
    count, _ = rounds_until(Pace(10.0), 15.0, 18.0)
    assert count == pytest.approx((3.0 + BACKLOG_MAX) / PERIOD, abs=2)


def test_a_world_that_is_always_late_is_never_told_to_wait_long():
    pace, now = Pace(10.0), 10.0
    for _ in range(1000):
        due = pace.due(PERIOD, now)
        assert now <= due <= now + PERIOD
        now = due + 2.0 * PERIOD  # a round takes twice as long as it may
    assert pace.due(PERIOD, now) == now

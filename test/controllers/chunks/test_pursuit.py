# SPDX-License-Identifier: Apache-2.0
import pytest

from controllers.chunks.pursuit import LONGEST, SHORTEST, Lookahead

DELAY = 0.095


def settled(speed: float, distance: float = 0.02) -> Lookahead:
    lookahead = Lookahead(DELAY, distance)
    for _ in range(3000):
        lookahead.step(speed, 1e-3)
    return lookahead


def test_by_time_it_never_changes():
    lookahead = Lookahead(DELAY, 0.0)
    assert lookahead.step(0.5, 1e-3) == 0.0
    assert lookahead.time == DELAY


@pytest.mark.parametrize("speed", [0.12, 0.2, 0.35])
def test_by_distance_the_target_is_that_far_ahead(speed):
    assert settled(speed).time * speed == pytest.approx(0.02, rel=1e-3)


def test_it_is_bounded_both_ways_and_says_by_how_much_it_grew():
    assert settled(0.0).time == pytest.approx(LONGEST * DELAY)
    assert settled(9.0).time == pytest.approx(SHORTEST * DELAY)
    lookahead = Lookahead(DELAY, 0.02)
    grown = sum(lookahead.step(0.01 * k, 1e-3) for k in range(500))
    assert lookahead.time == pytest.approx(DELAY + grown)


def test_a_leap_in_speed_is_no_leap_of_the_target():
    lookahead = Lookahead(DELAY, 0.02)
    assert abs(lookahead.step(5.0, 1e-3)) < 1e-3

# SPDX-License-Identifier: Apache-2.0
"""A policy that looks back sees what was 0.1 s ago, however many pictures come a second."""

from __future__ import annotations

import pytest

from vla_ros.nodes.policy.earlier_exposures import EarlierExposures


def kept(rate: float, until: float, count: int = 2) -> EarlierExposures[float]:
    """Return exposures `rate` a second, before `until` [s]; each is its own stamp."""
    exposures = EarlierExposures[float](count)
    for number in range(round(until * rate)):
        exposures.add(number / rate, number / rate)
    return exposures


@pytest.mark.parametrize("rate", [10.0, 30.0, 60.0])
def test_those_of_a_tenth_of_a_second_ago_come_first(rate):
    exposures = kept(rate, 2.0)
    assert exposures.before(2.0) == pytest.approx((1.9, 1.8))
    assert len(exposures._kept) <= 1 + round(0.3 * rate)


def test_of_a_slow_camera_the_nearest_ones_come():
    assert kept(5.0, 2.0).before(2.0) == pytest.approx((1.8, 1.8))


def test_an_episode_has_no_past_at_first():
    assert EarlierExposures[float](2).before(0.0) == ()
    assert kept(30.0, 1.0 / 30.0).before(1.0 / 30.0) == ()
    assert kept(30.0, 0.1).before(0.1) == (0.0,)


def test_what_was_before_time_was_set_back_is_forgotten():
    exposures = kept(10.0, 2.0)
    assert exposures.before(0.5) == ()
    exposures.add(0.5, 0.5)
    assert exposures.before(0.6) == (0.5,)


def test_who_needs_none_has_none_kept():
    assert kept(10.0, 2.0, count=0).before(2.0) == ()

# SPDX-License-Identifier: Apache-2.0
"""When nobody attends to an episode any more: what counts as somebody, and how long it is waited."""

from __future__ import annotations

import math

import pytest

from vla_ros.teleop.idle_watch import COUNTDOWN_S, IDLE_TIMEOUT_S, STILL_TIMES, IdleWatch
from vla_ros.teleop.protocol import Hands, HandSample

UNTURNED = (0.0, 0.0, 0.0, 1.0)
STILL_S = STILL_TIMES * IDLE_TIMEOUT_S


def hands(x: float = 0.0, clutch: bool = False, gripper: float = 0.0, turned: float = 0.0, **sticks) -> Hands:
    q = (0.0, math.sin(turned / 2.0), 0.0, math.cos(turned / 2.0))
    return Hands(1, 0.0, "xr", {"right": HandSample((x, 1.2, -0.3), q, clutch, gripper)}, sticks)


@pytest.fixture
def watch() -> IdleWatch:
    """Return one whose driver did something at 0 s, with his hand at rest."""
    watch = IdleWatch()
    watch.take(hands(), 0.0)
    return watch


def test_a_driver_who_is_gone_is_waited_for_and_the_end_is_counted_down(watch):
    assert watch.ending(IDLE_TIMEOUT_S - COUNTDOWN_S - 0.1, False) is None
    ending = watch.ending(IDLE_TIMEOUT_S - 5.0, False)
    assert (ending.in_s, ending.why) == (pytest.approx(5.0), "nobody drives")
    assert watch.ending(IDLE_TIMEOUT_S + 3.0, False).in_s == 0.0
    assert watch.ending(IDLE_TIMEOUT_S - 5.0, True).why == "the driver is not heard any more"
    watch.act(IDLE_TIMEOUT_S - 1.0)  # he is back
    assert watch.ending(IDLE_TIMEOUT_S, True) is None


def test_who_thinks_with_the_hand_at_rest_has_three_times_as_long(watch):
    for time in range(0, int(STILL_S - COUNTDOWN_S)):
        watch.refresh(float(time))
        watch.take(hands(x=1e-3 * math.sin(9.0 * time)), float(time))  # it lies on the table
        assert watch.ending(float(time), True) is None
    watch.refresh(STILL_S - 4.0)
    ending = watch.ending(STILL_S - 4.0, True)
    assert (ending.in_s, ending.why) == (pytest.approx(4.0), "nothing is moved")


@pytest.mark.parametrize(
    "done",
    [hands(clutch=True), hands(x=0.01), hands(gripper=0.5), hands(turned=0.1), hands(right=(0.5, 0.0))],
    ids=["clutched", "moved", "gripped", "turned", "pushed"],
)
def test_whatever_a_hand_does_counts(watch, done):
    watch.take(done, 55.0)
    assert watch.ending(70.0 - COUNTDOWN_S, True) is None


def test_a_slow_way_counts(watch):
    """As slow as a tracker drifts within a minute it is somebody who moves."""
    for time in range(1, 61):
        watch.refresh(float(time))
        watch.take(hands(x=1e-3 * time), float(time))
    assert watch.ending(61.0, True) is None


def test_a_hand_that_is_not_seen_any_more_is_a_change_only_once(watch):
    gone = Hands(2, 0.0, "xr", {})
    watch.take(gone, 10.0)
    for time in range(11, 66):
        watch.take(gone, float(time))
        watch.refresh(float(time))
    assert watch.ending(66.0, True).in_s == pytest.approx(10.0 + STILL_S - 66.0)


def test_zero_is_never():
    assert IdleWatch(0.0).ending(1e9, False) is None

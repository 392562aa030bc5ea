# SPDX-License-Identifier: Apache-2.0
"""What becomes of a stream of wanted openings on a hand that executes one motion at a time, seen 15 times a second."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from math import nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.hardware.grippers.goals import BETWEEN_S, GRASP, MOVE, Goal, GripperGoals

WIDTH_MAX, FORCE = 0.078, 30.0  # [m], [N]
DT = 0.002  # [s] of what is wanted
SPEED = 0.1  # [m/s] of the opening


class Hand:
    """A hand of limited speed around a thing; it says where it is 15 times a second."""

    def __init__(self, thing: float = 0.0, width: float = 0.0797, stops_at_width: bool = True) -> None:
        self.thing, self.width, self.stops_at_width = thing, width, stops_at_width
        self.measured = width
        self.goal: Goal | None = None
        self._said = 0.0

    @property
    def presses(self) -> bool:
        """Say whether it holds the thing."""
        return self.goal is not None and self.goal.kind == GRASP and self.width == self.thing > self.goal.width

    def step(self, now: float) -> None:
        if self.goal is not None:
            grasp = self.goal.kind == GRASP
            to = 0.0 if grasp and not self.stops_at_width else self.goal.width
            if to < self.width:
                self.width = max(self.width - SPEED * DT, to, self.thing)
            else:
                self.width = min(self.width + SPEED * DT, to)
        if now - self._said >= 1.0 / 15.0:
            self.measured, self._said = self.width, now


def play(wanted: Callable[[float], float], hand: Hand, seconds: float, goals: GripperGoals | None = None) -> list:
    """Have a hand follow `wanted`(time [s]); return (time [s], goal) of each goal."""
    goals = goals or GripperGoals(WIDTH_MAX, FORCE)
    made = []
    for tick in range(round(seconds / DT)):
        now = tick * DT
        goal = goals.update(wanted(now), hand.measured, 100.0 + now)
        if goal is not None:
            made.append((now, goal))
            hand.goal = goal
        hand.step(now)
    return made


def ramp(*points: tuple[float, float]) -> Callable[[float], float]:
    times, widths = zip(*points, strict=True)
    return lambda now: float(np.interp(now, times, widths))


def steps(*points: tuple[float, float]) -> Callable[[float], float]:
    return lambda now: [width for start, width in points if start <= now][-1]


def test_a_policy_closes_once_and_opens_once() -> None:
    hand = Hand(thing=0.04)
    made = play(steps((0.0, 0.08), (0.5, 0.0), (2.0, 0.08)), hand, 3.0)
    assert made == [(pytest.approx(0.5), Goal(GRASP, 0.0, FORCE)), (pytest.approx(2.0), Goal(MOVE, WIDTH_MAX, 0.0))]
    assert hand.width == pytest.approx(WIDTH_MAX)


def test_what_is_wanted_when_it_begins_moves_nothing() -> None:
    assert play(steps((0.0, 0.0797)), Hand(), 1.0) == []
    assert play(steps((0.0, 0.041)), Hand(thing=0.04, width=0.04), 1.0) == []


@pytest.mark.parametrize("thing", [0.005, 0.03, 0.06, 0.07])
def test_noise_lets_nothing_go_and_grasps_once(thing: float) -> None:
    """A policy learned from measured openings says the thing's width all the time, give or take 4 mm."""
    random = np.random.default_rng(3)
    noise = random.uniform(-0.004, 0.004, 400)
    hand = Hand(thing)
    made = play(lambda now: (0.08 if now < 0.3 else thing) + noise[int(now / 0.033)], hand, 10.0)
    assert [goal.kind for _, goal in made] == [GRASP]
    assert hand.presses


def test_a_recording_of_measured_openings_presses_what_is_as_wide() -> None:
    hand = Hand(thing=0.04)
    closing = ramp((0.0, 0.0797), (0.5, 0.0797), (0.9, 0.04), (3.0, 0.04), (3.4, 0.0797))
    seen = {}

    def wanted(now: float) -> float:
        seen[round(now, 1)] = hand.presses
        return closing(now)

    made = play(wanted, hand, 4.0)
    assert all(seen[now] for now in (1.5, 2.0, 2.5, 3.0))
    kinds = [goal.kind for _, goal in made]
    assert kinds == sorted(kinds)  # all grasps before all moves
    assert hand.width == pytest.approx(WIDTH_MAX, abs=0.003)


@pytest.mark.parametrize("seconds", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("thing", [0.0, 0.04, 0.075])
@pytest.mark.parametrize("stops_at_width", [True, False])
def test_a_trigger_is_squeezed_and_let_go(seconds: float, thing: float, stops_at_width: bool) -> None:
    hand = Hand(thing, stops_at_width=stops_at_width)
    held = []

    def wanted(now: float) -> float:
        if 3.0 < now < 4.0:
            held.append(hand.width)
        return ramp((0.5, 0.08), (0.5 + seconds, 0.0), (4.0, 0.0), (4.0 + seconds, 0.08))(now)

    made = play(wanted, hand, 7.0)
    assert set(held) == {thing}
    assert hand.width == pytest.approx(WIDTH_MAX)
    grasps = [at for at, goal in made if goal.kind == GRASP]
    assert 1 <= len(grasps) <= 4
    assert min(at for at, goal in made if goal.kind == MOVE) < 4.0 + 0.4 * seconds + thing / 0.08 * seconds
    # A grasp that holds is not grasped again: a Franka Hand would answer that it failed.
    if thing == 0.075:
        assert len(grasps) == 1


def test_a_trigger_pressed_half_way_closes_half_way_where_the_gripper_can() -> None:
    hand = Hand()
    made = play(ramp((0.2, 0.08), (0.5, 0.04)), hand, 3.0)
    assert hand.width == pytest.approx(0.035)
    assert len(made) <= 2


def test_opening_is_never_delayed_by_what_still_moves() -> None:
    """A finger between the fingers: whoever opens the trigger a little opens the hand."""
    hand = Hand(thing=0.02)
    made = play(ramp((0.1, 0.08), (0.3, 0.0), (2.0, 0.0), (2.4, 0.08)), hand, 2.4)
    opened = next(at for at, goal in made if goal.kind == MOVE)
    assert opened == pytest.approx(2.0 + 0.03 / 0.08 * 0.4, abs=0.01)


def test_an_opposite_wish_replaces_a_running_goal_at_once() -> None:
    hand = Hand()
    made = play(steps((0.0, 0.08), (0.5, 0.0), (0.7, 0.08), (0.9, 0.0)), hand, 2.0)
    assert [round(at, 2) for at, _ in made] == [0.5, 0.7, 0.9]


def test_a_thing_nearly_as_wide_as_the_hand_is_let_go() -> None:
    hand = Hand(thing=0.077)
    made = play(steps((0.0, 0.08), (0.5, 0.0), (2.0, 0.08)), hand, 3.0)
    assert [goal.kind for _, goal in made] == [GRASP, MOVE]


def test_a_grasp_that_has_only_begun_is_undone() -> None:
    """The hand still says that it is open: a move to 78 mm from there would be a way to close."""
    hand = Hand()
    made = play(steps((0.0, 0.08), (0.5, 0.0), (0.51, 0.08)), hand, 2.0)
    assert [goal.kind for _, goal in made] == [GRASP, MOVE]
    assert made[1][0] - 0.5 < 1.0 / 15.0 + 0.02 + DT
    assert hand.width == pytest.approx(WIDTH_MAX)


def test_a_hand_that_somebody_opened_closes_again() -> None:
    hand, goals = Hand(), GripperGoals(WIDTH_MAX, FORCE)
    play(steps((0.0, 0.08), (0.2, 0.0)), hand, 2.0, goals)
    assert hand.width == 0.0
    assert goals.update(0.08, 0.0797, 110.0) is None
    assert goals.update(0.0, 0.0797, 111.0) == Goal(GRASP, 0.0, FORCE)


def test_thin_things_are_grasped_by_a_trigger_that_ends_at_its_end() -> None:
    hand = Hand(thing=0.001)
    play(ramp((0.2, 0.08), (0.24, 0.004), (0.6, 0.004), (0.7, 0.0)), hand, 3.0)
    assert hand.presses


def test_a_restart_with_something_in_the_hand_drops_nothing() -> None:
    hand = Hand(thing=0.03, width=0.03)
    assert play(ramp((0.0, 0.03), (1.0, 0.035), (2.0, 0.028)), hand, 3.0) == []


@pytest.mark.parametrize("bad", [nan, float("inf"), -float("inf")])
def test_what_is_not_finite_changes_nothing(bad: float) -> None:
    goals = GripperGoals(WIDTH_MAX, FORCE)
    assert goals.update(bad, 0.05, 0.0) is None
    assert goals.update(0.0, bad, 0.1) is None
    assert goals.update(0.0, 0.05, bad) is None
    assert goals.update(0.05, 0.05, 0.2) is None  # here it begins
    assert goals.update(bad, 0.05, 0.3) is None
    assert goals.update(0.0, bad, 0.4) is None
    assert goals.update(0.0, 0.05, 0.5) == Goal(GRASP, 0.0, FORCE)


def test_beyond_its_way_nothing_is_told() -> None:
    hand = Hand(width=0.03)
    made = play(steps((0.0, 0.03), (0.1, 5.0), (1.0, -3.0)), hand, 2.0)
    assert [goal for _, goal in made] == [Goal(MOVE, WIDTH_MAX, 0.0), Goal(GRASP, 0.0, FORCE)]


def test_a_failed_goal_is_repeated_on_a_new_wish_alone() -> None:
    goals = GripperGoals(WIDTH_MAX, FORCE)
    goals.update(0.078, 0.0797, 0.0)
    first = goals.update(0.0, 0.0797, 1.0)
    assert first is not None
    goals.failed(first)
    assert all(goals.update(0.0, 0.0797, 1.0 + 0.01 * i) is None for i in range(1000))
    assert goals.update(0.08, 0.0797, 20.0) is None  # it is open: to 78 mm it would have to close
    goals.failed(first)  # the answer to what was replaced comes late
    assert goals.update(0.0, 0.0797, 21.0) == Goal(GRASP, 0.0, FORCE)


def test_after_a_failed_grasp_a_hand_may_be_told_to_close_further() -> None:
    goals = GripperGoals(WIDTH_MAX, FORCE)
    goals.update(0.078, 0.0797, 0.0)
    for now in (1.0, 1.1):
        half = goals.update(0.04, 0.0797, now)
    assert half == Goal(GRASP, pytest.approx(0.035), FORCE)
    assert goals.update(0.0, 0.0797, 2.0) is None  # it is on its way
    goals.failed(half)
    assert goals.update(0.0, 0.0797, 2.1) == Goal(GRASP, 0.0, FORCE)


def test_a_gripper_that_has_come_back_waits_for_a_new_wish() -> None:
    goals = GripperGoals(WIDTH_MAX, FORCE)
    goals.update(0.078, 0.0797, 0.0)
    assert goals.update(0.0, 0.0797, 1.0) is not None
    goals.resume(0.0)
    assert all(goals.update(0.0, 0.0797, 2.0 + 0.01 * i) is None for i in range(300))
    goals.update(0.08, 0.0797, 6.0)
    assert goals.update(0.0, 0.0797, 8.0) == Goal(GRASP, 0.0, FORCE)
    held = GripperGoals(WIDTH_MAX, FORCE)
    held.resume(nan)
    assert held.update(0.03, 0.03, 0.0) is None
    assert held.update(0.0, 0.03, 1.0) == Goal(GRASP, 0.0, FORCE)


def test_a_clock_set_back_loses_no_wish() -> None:
    goals = GripperGoals(WIDTH_MAX, FORCE)
    goals.update(0.078, 0.0797, 100.0)
    assert goals.update(0.0, 0.0797, 101.0) is not None
    made = [goals.update(0.06, 0.02, 5.0 + 0.01 * i) for i in range(20)]
    assert [goal.width for goal in made if goal is not None] == [0.06]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((0.0, FORCE), "width_max"),
        ((nan, FORCE), "width_max"),
        ((WIDTH_MAX, 0.0), "force"),
        ((WIDTH_MAX, nan), "force"),
        ((WIDTH_MAX, FORCE, 0.04), "hysteresis"),
        ((WIDTH_MAX, FORCE, 0.005, nan), "release"),
        ((WIDTH_MAX, FORCE, 0.005, 0.01, -0.001), "squeeze"),
    ],
)
def test_thresholds_that_cannot_work_are_refused(arguments: tuple, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        GripperGoals(*arguments)


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.floats(-0.02, 0.1), min_size=1, max_size=12),
    thing=st.sampled_from([0.0, 0.01, 0.04, 0.07]),
    glides=st.booleans(),
    stops_at_width=st.booleans(),
)
def test_whatever_is_wanted_goals_are_sound_and_the_end_is_reached(
    widths: list[float], thing: float, glides: bool, stops_at_width: bool
) -> None:
    """After any stream, wide open opens and closed closes; goals are within the hand's way and never a flood."""
    hand, goals = Hand(thing, stops_at_width=stops_at_width), GripperGoals(WIDTH_MAX, FORCE)
    points = [(0.15 * i, width) for i, width in enumerate(widths)]
    stream = ramp(*points) if glides else steps(*points)
    lasts = 0.15 * len(widths)

    def wanted(now: float) -> float:
        return stream(now) if now < lasts else (0.0 if now < lasts + 2.0 else 0.08)

    closed = []

    def watched(now: float) -> float:
        if lasts + 1.9 < now < lasts + 2.0:
            closed.append(hand.width)
        return wanted(now)

    made = play(watched, hand, lasts + 3.5, goals)
    assert all(0.0 <= goal.width <= WIDTH_MAX and (goal.force > 0.0) == (goal.kind == GRASP) for _, goal in made)
    assert all(after - before >= BETWEEN_S - 1e-9 for (before, _), (after, _) in pairwise(made))
    assert closed[-1] == pytest.approx(thing)
    assert hand.width == pytest.approx(WIDTH_MAX, abs=0.003)


@settings(max_examples=60, deadline=None)
@given(
    widths=st.lists(st.floats(0.0, 0.08), min_size=1, max_size=20),
    thing=st.floats(0.004, 0.06),
    glides=st.booleans(),
    stops_at_width=st.booleans(),
)
def test_what_is_pressed_stays_pressed_whatever_is_wanted_below_its_release(
    widths: list[float], thing: float, glides: bool, stops_at_width: bool
) -> None:
    """And no second grasp is told while it is pressed: a Franka Hand would answer that it failed."""
    hand, goals = Hand(thing, stops_at_width=stops_at_width), GripperGoals(WIDTH_MAX, FORCE)
    play(steps((0.0, 0.08), (0.2, 0.0)), hand, 1.5, goals)
    assert hand.presses
    points = [(0.1 * i, min(width, thing + 0.0099)) for i, width in enumerate(widths)]
    stream = ramp(*points) if glides else steps(*points)
    began = 1.5
    for tick in range(round(0.1 * len(widths) / DT)):
        now = began + tick * DT
        assert goals.update(stream(now - began), hand.measured, 100.0 + now) is None
        hand.step(now)
    assert hand.presses

# SPDX-License-Identifier: Apache-2.0
"""The task's rules: attempts, lifts, the hold, and every way an episode ends."""

import pytest

from controllers.errors import ConfigError
from vla_ros.tasks.grasping.lifting import FALLEN, WRONG, GraspTask, GraspTaskConfig
from vla_ros.tasks.judging import Outcome

OPEN, CLOSED = 0.08, 0.0


@pytest.fixture
def task() -> GraspTask:
    task = GraspTask("mug", {"mug": 0.3, "can": 0.2}, start_time=1.0, width_max=0.08)
    task.update(1.0, {"mug": 0.3, "can": 0.2}, OPEN)
    return task


def heights(mug: float = 0.0, can: float = 0.0) -> dict[str, float]:
    return {"mug": 0.3 + mug, "can": 0.2 + can}


def test_lifted_and_held_is_success(task: GraspTask) -> None:
    task.update(2.0, heights(), CLOSED)
    assert task.update(3.0, heights(mug=0.151), CLOSED) == Outcome.RUNNING
    assert task.update(3.99, heights(mug=0.151), CLOSED) == Outcome.RUNNING
    assert task.update(4.0, heights(mug=0.151), CLOSED) == Outcome.SUCCESS
    assert (task.success, task.attempts, task.first_lifted) == (True, 1, "mug")


def test_a_break_in_the_hold_starts_it_anew(task: GraspTask) -> None:
    task.update(3.0, heights(mug=0.2), CLOSED)
    task.update(3.5, heights(mug=0.149), CLOSED)
    task.update(3.6, heights(mug=0.2), CLOSED)
    assert task.update(4.5, heights(mug=0.2), CLOSED) == Outcome.RUNNING
    assert task.update(4.6, heights(mug=0.2), CLOSED) == Outcome.SUCCESS


def test_height_counts_from_where_the_object_lay(task: GraspTask) -> None:
    for time in (2.0, 4.0):
        assert task.update(time, {"mug": 0.44, "can": 0.2}, CLOSED) == Outcome.RUNNING
    assert task.lifted_max == pytest.approx(0.14)


def test_an_attempt_is_a_closure_with_hysteresis(task: GraspTask) -> None:
    for step, width in enumerate((0.05, 0.04, 0.035, 0.038, 0.042, 0.035, 0.0, 0.08)):
        task.update(2.0 + step, heights(), width)
    assert task.attempts == 1


def test_the_last_attempt_may_still_succeed_until_the_gripper_opens(task: GraspTask) -> None:
    for step in range(3):
        task.update(2.0 + 2 * step, heights(), CLOSED)
        assert not task.finished
        task.update(3.0 + 2 * step, heights(), OPEN)
    assert (task.outcome, task.attempts) == (Outcome.ATTEMPTS, 3)


def test_third_attempt_succeeds(task: GraspTask) -> None:
    for step in range(2):
        task.update(2.0 + 2 * step, heights(), CLOSED)
        task.update(3.0 + 2 * step, heights(), OPEN)
    task.update(7.0, heights(), CLOSED)
    task.update(8.0, heights(mug=0.2), CLOSED)
    assert task.update(9.0, heights(mug=0.2), CLOSED) == Outcome.SUCCESS
    assert task.attempts == 3


def test_starting_with_a_closed_gripper_is_no_attempt() -> None:
    task = GraspTask("mug", {"mug": 0.3}, start_time=0.0, width_max=0.08)
    task.update(0.0, {"mug": 0.3}, CLOSED)
    task.update(1.0, {"mug": 0.3}, OPEN)
    assert task.attempts == 0


def test_the_wrong_object_lifted_first_is_remembered(task: GraspTask) -> None:
    task.update(2.0, heights(can=0.06), CLOSED)
    task.update(3.0, heights(mug=0.2), CLOSED)
    task.update(4.0, heights(mug=0.2), CLOSED)
    assert (task.success, task.first_lifted) == (True, "can")


@pytest.mark.parametrize(
    ("time", "mug", "outcome"), [(61.0, 0.0, Outcome.TIME), (5.0, -0.4, FALLEN), (60.9, 0.0, Outcome.RUNNING)]
)
def test_other_endings(task: GraspTask, time: float, mug: float, outcome: Outcome) -> None:
    assert task.update(time, heights(mug=mug), OPEN) == outcome


def test_nothing_changes_once_finished(task: GraspTask) -> None:
    task.update(70.0, {"mug": 0.3, "can": 0.2}, 0.08)
    assert task.outcome == Outcome.TIME
    task.update(80.0, {"mug": 0.6, "can": 0.2}, 0.0)
    assert (task.outcome, task.attempts) == (Outcome.TIME, 0)


@pytest.mark.parametrize(
    "values", [{"attempts": 0}, {"lift_m": -1.0}, {"time_limit_s": float("nan")}, {"closed_fraction": 0.7}]
)
def test_bad_limits_are_refused(values: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(values))):
        GraspTaskConfig(**values)


def test_an_unknown_object_is_refused() -> None:
    with pytest.raises(ConfigError, match="'cup' is not in the scene: mug"):
        GraspTask("cup", {"mug": 0.3}, 0.0, 0.08)


def test_another_object_that_is_held_up_ends_it(task: GraspTask) -> None:
    task.update(2.0, heights(), CLOSED)
    task.update(3.0, heights(can=0.2), CLOSED)
    assert task.update(7.9, heights(can=0.2), CLOSED) == Outcome.RUNNING
    assert task.update(8.0, heights(can=0.2), CLOSED) == WRONG
    assert (task.success, task.attempts, task.first_lifted) == (False, 1, "can")


def test_another_object_that_is_put_down_in_time_does_not(task: GraspTask) -> None:
    task.update(3.0, heights(can=0.2), CLOSED)
    task.update(7.5, heights(), OPEN)
    assert task.update(12.0, heights(mug=0.2), CLOSED) == Outcome.RUNNING
    assert task.update(13.0, heights(mug=0.2), CLOSED) == Outcome.SUCCESS


def test_what_else_may_be_meant_is_not_wrong() -> None:
    task = GraspTask("mug", {"mug": 0.3, "can": 0.2}, start_time=1.0, width_max=0.08, wrong=())
    for time in (1.0, 2.0, 10.0):
        assert task.update(time, heights(can=0.2), CLOSED) == Outcome.RUNNING

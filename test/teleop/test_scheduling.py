# SPDX-License-Identifier: Apache-2.0
"""The choice of what is next: even after any number of episodes, whatever was skipped or thrown away."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vla_ros.teleop.scheduling.evenness import is_even, next_cell
from vla_ros.teleop.scheduling.prompt import make_prompt
from vla_ros.teleop.scheduling.schedule import Schedule
from vla_ros.teleop.scheduling.task import Action, Background, CollectTask, ObjectChoice, Position, Without


def make_task(actions: int = 2, objects: int = 3, backgrounds: int = 2, positions: int = 2, each: int = 3, **rest):
    return CollectTask(
        name="test",
        actions={f"action {i}": Action("move the {object}") for i in range(actions)},
        objects={f"object {i}": ObjectChoice() for i in range(objects)},
        backgrounds={f"background {i}": Background() for i in range(backgrounds)},
        positions={f"position {i}": Position() for i in range(positions)},
        each=each,
        **rest,
    )


sizes = st.tuples(*(st.integers(1, 3) for _ in range(4)), st.integers(1, 4))


@settings(max_examples=60)
@given(sizes, st.integers(0, 2**31 - 1))
def test_counts_never_differ_by_more_than_one_and_end_at_what_is_wanted(size, seed):
    task = make_task(*size, seed=seed)
    schedule, done = Schedule(task), Counter()
    for _ in range(task.each * len(task.cells)):
        done[schedule.next(done, {})] += 1
        numbers = [done[cell] for cell in task.cells]
        assert max(numbers) - min(numbers) <= 1
    assert schedule.next(done, {}) is None
    assert set(done.values()) == {task.each}


@settings(max_examples=60)
@given(sizes, st.data())
def test_after_any_deletions_what_is_missing_comes_first(size, data):
    task = make_task(*size)
    done = Counter({cell: data.draw(st.integers(0, task.each)) for cell in task.cells})
    schedule = Schedule(task)
    gap = max(done.values(), default=0) - min(done[cell] for cell in task.cells)
    for _ in range(sum(max(done.values()) - done[cell] for cell in task.cells)):
        cell = schedule.next(done, {})
        assert done[cell] == min(done[c] for c in task.cells)
        done[cell] += 1
        now = max(done.values()) - min(done[cell] for cell in task.cells)
        assert now <= max(gap, 1)
        gap = now
    assert gap <= 1


@settings(max_examples=40)
@given(st.integers(0, 2**31 - 1))
def test_each_object_has_been_everywhere_long_before_each_cell_has_an_episode(seed):
    """The margins are even too: of 3 × 4 × 2 × 3 = 72 cells the first 12 hold each object three times, and so on."""
    task = make_task(3, 4, 2, 3, seed=seed)
    schedule, done = Schedule(task), Counter()
    for _ in range(12):
        done[schedule.next(done, {})] += 1
    for factor, count in zip(("action", "object", "background", "position"), (3, 4, 2, 3), strict=True):
        seen = Counter()
        for cell, number in done.items():
            seen[getattr(cell, factor)] += number
        assert len(seen) == count
        assert max(seen.values()) - min(seen.values()) <= 2, (factor, seen)


def test_what_is_skipped_comes_a_round_later_and_is_not_forgotten():
    task = make_task(1, 3, 1, 1, each=2)
    schedule, done, skipped = Schedule(task), Counter(), Counter()
    first = schedule.next(done, skipped)
    skipped[first] += 1
    others = []
    for _ in range(2):
        others.append(schedule.next(done, skipped))
        done[others[-1]] += 1
    assert first not in others
    assert is_even(first, task.cells, done, task.each, skipped)
    for _ in range(4):
        done[schedule.next(done, skipped)] += 1
    assert schedule.next(done, skipped) is None
    assert done[first] == 2


def test_when_only_what_is_skipped_is_left_it_is_asked_all_the_same():
    task = make_task(1, 2, 1, 1, each=1)
    one, other = task.cells
    assert next_cell(task.cells, {other: 1}, 1, {one: 5}) == one


def test_a_schedule_without_memory_says_the_same_again():
    task = make_task()
    done = {task.cells[3]: 1, task.cells[5]: 2}
    assert {Schedule(make_task()).next(done, {}) for _ in range(5)} == {Schedule(task).next(done, {})}


def test_combinations_that_make_no_sense_are_left_out():
    task = make_task(2, 3, 1, 1, without=(Without(action="action 1", object="object 2"), Without(object="object 0")))
    assert [(cell.action, cell.object) for cell in task.cells] == [
        ("action 0", "object 1"), ("action 0", "object 2"), ("action 1", "object 1")]  # fmt: skip


def test_a_prompt_tells_a_person_how_to_arrange_the_table():
    task = CollectTask(
        name="kitchen",
        actions={"wipe": Action("wipe the {object} {position}", "wipe the {object} three times")},
        objects={"plate": ObjectChoice(words="white plate", beside="a cup and a fork")},
        backgrounds={"dim": Background("lamps off")},
        positions={"left": Position("on the left edge")},
    )
    prompt = make_prompt(task, task.cells[0], 0)
    assert prompt.text == (
        "Put the white plate on the left edge; beside it a cup and a fork; background: lamps off. "
        "Wipe the white plate three times."
    )
    assert prompt.instruction == "wipe the white plate on the left edge"
    assert prompt.title == "wipe: white plate"
    assert prompt.scene is None


def test_a_prompt_names_the_scene_that_the_simulator_is_to_show():
    task = CollectTask(
        name="sim",
        simulated=True,
        seed=100,
        actions={"pick up": Action("pick up the {object}")},
        objects={"tea box": ObjectChoice(target="white box/tea")},
        backgrounds={"crowded": Background(set="distractor")},
        positions={"near left": Position()},
    )
    prompt = make_prompt(task, task.cells[0], Schedule(task).seed(7))
    assert prompt.scene == {
        "set": "distractor", "seed": 107, "stream": "generation", "categories": "action", "objects": "",
        "target": "white box/tea", "place": "near left",
    }  # fmt: skip
    assert prompt.text == "Pick up the tea box."


@pytest.mark.parametrize("done", [0, 3, 7])
def test_counts_say_how_far_it_is(done):
    task = make_task(1, 2, 1, 1, each=3)
    one, other = task.cells
    counts = Schedule(task).counts({one: min(3, done), other: max(0, done - 3)})
    assert counts["wanted"] == 6
    assert counts["done"] == min(done, 6)  # what is there beyond it finishes nothing sooner
    assert counts["counts"][0] == {
        "cell": "action 0, object 0, background 0, position 0", "done": min(3, done), "wanted": 3}  # fmt: skip

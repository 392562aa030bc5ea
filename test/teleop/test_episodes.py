# SPDX-License-Identifier: Apache-2.0
"""A collection at work, with a real recorder and real bags: start, stop, redo, delete, undo, skip."""

from __future__ import annotations

import asyncio
import shutil

import pytest
from demonstrations.collection_bench import CollectionBench, cell, done
from demonstrations.small_collection import TASK
from hypothesis import example, given, settings
from hypothesis import strategies as st

from vla_ros.data.bags import marks
from vla_ros.data.bags.episode_bags import bags_in
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.reader import BagReader
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes import bag_watch, collecting
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.scheduling.prompt import SceneInstruction


def test_a_scene_says_what_is_to_be_done_where_the_schedule_does_not(quiet, make):
    bench = make(task={**TASK, "task": "placing", "actions": {"put away": {}}})
    with pytest.raises(CollectionError, match="the simulator has not said what is to be done"):
        bench.go(bench.collection.episode_start("Ada"))
    bench.station.words = SceneInstruction("put the mug onto the plate", ("put it onto the plate", "let go of it"))
    bench.go(bench.collection.schedule_skip())
    bench.settle()
    prompt = bench.now["prompt"]
    assert prompt["instruction"] == bench.station.instructions[-1] == "put the mug onto the plate"
    assert prompt["text"] == "Put it onto the plate. Let go of it."
    assert prompt["task"] == "placing"
    bench.record()
    assert bench.now["episodes"][-1]["instruction"] == "put the mug onto the plate"


# -- a day's work ------------------------------------------------------------------------------------------------------
def test_an_accepted_episode_is_a_bag_that_says_what_it_is_and_the_next_is_asked(bench):
    first = bench.now["prompt"]
    assert bench.station.shown[-1]["target"] == first["object"]
    assert bench.station.shown[-1]["seed"] == 50
    assert bench.station.instructions[-1] == f"pick up the {first['object']}"
    name = bench.record()
    assert name == "episode_000000"
    assert done(bench)[cell(first)] == 1
    assert bench.now["prompt"] != first
    assert bench.station.shown[-1]["seed"] == 51
    with BagReader(bench.root / "episodes" / name) as bag:
        (episode,) = read_episodes(bag)
    assert (episode.success, episode.finished) == (True, True)
    assert episode.instruction == f"pick up the {first['object']}"
    assert {key: episode.values[key] for key in ("episode", "object", "position", "operator", "seed", "target")} == {
        "episode": name, "object": first["object"], "position": first["position"], "operator": "Ada", "seed": "50",
        "target": first["object"],
    }  # fmt: skip
    (shown,) = bench.now["episodes"]
    assert (shown["name"], shown["success"], shown["instruction"]) == (name, True, episode.instruction)
    assert shown["duration_s"] > 0.1


def test_the_scene_changes_only_once_the_bag_is_whole(bench, monkeypatch):
    there = []
    show = bench.station.show

    async def list_bags_and_show(scene):
        there.append(list(bags_in(bench.root)))
        await show(scene)

    monkeypatch.setattr(bench.station, "show", list_bags_and_show)
    name = bench.record()
    assert there == [[bench.root / "episodes" / name]]


def test_a_failure_is_kept_but_does_not_count_and_the_same_is_asked_in_another_scene(bench):
    first = bench.now["prompt"]
    name = bench.record(success=False, note="dropped it")
    assert bench.now["done"] == 0
    assert cell(bench.now["prompt"]) == cell(first)
    assert bench.station.shown[-1]["seed"] == 51
    (episode,) = bench.now["episodes"]
    assert (episode["success"], episode["marks"]) == (False, ["dropped it"])
    with BagReader(bench.root / "episodes" / name) as bag:
        (episode,) = read_episodes(bag)
    assert (episode.success, episode.failure) == (False, "dropped it")


def test_everything_is_asked_evenly_until_all_is_done(bench):
    for number in range(8):
        counts = done(bench).values()
        assert max(counts) - min(counts) <= 1
        assert bench.now["done"] == number
        bench.record(seconds=0.05)
    assert bench.now["prompt"] is None
    assert set(done(bench).values()) == {2}
    with pytest.raises(CollectionError, match="all 8 episodes of the task are there"):
        bench.go(bench.collection.episode_start("Ada"))
    bench.go(bench.collection.episode_delete("episode_000003"))
    bench.settle()
    missing = [name for name, number in done(bench).items() if number == 1]
    assert missing == [cell(bench.now["prompt"])]
    bench.record(seconds=0.05)
    assert bench.now["done"] == 8
    assert sorted(path.name for path in bags_in(bench.root))[-1] == "episode_000008"  # numbers are used once


def test_a_second_start_and_a_stop_without_a_start_are_refused(bench):
    with pytest.raises(CollectionError, match="no episode is being recorded"):
        bench.go(bench.collection.episode_stop(True, ""))
    bench.go(bench.collection.episode_start("Ada"))
    for work in (bench.collection.episode_start("Ada"), bench.collection.undo(), bench.collection.schedule_skip(),
                 bench.collection.schedule_again()):  # fmt: skip
        with pytest.raises(CollectionError, match="episode_000000 is being recorded: stop it first"):
            bench.go(work)
    with pytest.raises(CollectionError, match="episode_000000 is being recorded"):
        bench.go(bench.collection.episode_delete("episode_000000"))
    bench.go(asyncio.sleep(0.02))
    assert bench.now["recording"]
    assert bench.now["episode"] == "episode_000000"
    assert bench.now["elapsed_s"] > 0.0


# -- again, away, and back ---------------------------------------------------------------------------------------------
def test_redo_throws_the_attempt_away_and_shows_the_same_scene_again(bench):
    first, shown = bench.now["prompt"], len(bench.station.shown)
    bench.go(bench.collection.episode_start("Ada"))
    bench.go(asyncio.sleep(0.1))
    bench.go(bench.collection.episode_redo())
    bench.settle()
    assert bench.now["prompt"] == first
    assert bench.station.shown[shown:] == [bench.station.shown[shown - 1]]
    assert bench.now["episodes"] == []
    assert bench.now["trash"] == 1
    assert bench.station.said[-1][1][marks.OUTCOME] == "redone"
    # After it was stopped as well.
    bench.record()
    assert bench.now["done"] == 1
    bench.go(bench.collection.episode_redo())
    bench.settle()
    assert bench.now["prompt"] == first
    assert (bench.now["done"], bench.now["trash"]) == (0, 2)


def test_undo_brings_back_step_by_step_and_redo_goes_forwards_again(bench):
    names = [bench.record(seconds=0.05) for _ in range(3)]
    for name in names[:2]:
        bench.go(bench.collection.episode_delete(name))
    bench.go(bench.collection.schedule_skip())
    assert bench.now["undo"].startswith("skip pick up")
    assert (bench.now["done"], bench.now["trash"]) == (1, 2)
    assert bench.go(bench.collection.undo()).startswith("skip")
    assert bench.now["undo"] == f"delete {names[1]}"
    assert bench.go(bench.collection.undo()) == f"delete {names[1]}"
    assert bench.go(bench.collection.undo()) == f"delete {names[0]}"
    bench.settle()
    assert [episode["name"] for episode in bench.now["episodes"]] == names
    assert (bench.now["done"], bench.now["trash"], bench.now["undo"]) == (3, 0, "")
    with pytest.raises(CollectionError, match="nothing was done that could be undone"):
        bench.go(bench.collection.undo())
    assert bench.go(bench.collection.redo()) == f"delete {names[0]}"
    assert bench.now["redo"] == f"delete {names[1]}"
    bench.settle()
    assert not (bench.root / "episodes" / names[0]).exists()
    assert (bench.root / "trash" / names[0] / "metadata.yaml").is_file()
    bench.go(bench.collection.episode_delete(names[2]))  # something new: what was undone is over
    with pytest.raises(CollectionError, match="nothing was undone"):
        bench.go(bench.collection.redo())


def test_undo_pressed_while_a_redo_still_ends_its_recording_takes_back_the_redo(bench):
    """The bag is whole, and thrown away, only after the press: the delete of before must stay as it is."""
    earlier, kept = bench.record(), bench.record()
    bench.go(bench.collection.episode_delete(earlier))
    bench.settle()
    redone = bench.go(bench.collection.episode_start("Ada"))["episode"]

    async def redo_and_undo() -> str:
        await bench.collection.episode_redo()
        return await bench.collection.undo()

    assert bench.go(redo_and_undo()) == f"delete {redone}"
    bench.settle()
    assert sorted(bag.name for bag in (bench.root / "episodes").iterdir()) == [kept, redone]
    assert [bag.name for bag in (bench.root / "trash").iterdir()] == [earlier]
    assert [episode["name"] for episode in bench.now["episodes"]] == [kept, redone]


def test_an_episode_that_is_gone_from_the_trash_cannot_be_brought_back(bench):
    name = bench.record()
    bench.go(bench.collection.episode_delete(name))
    shutil.rmtree(bench.root / "trash" / name)
    with pytest.raises(CollectionError, match="is not there any more"):
        bench.go(bench.collection.undo())
    with pytest.raises(CollectionError, match=f"no episode '{name}' to delete"):
        bench.go(bench.collection.episode_delete(name))


def test_skip_asks_for_something_else_and_again_for_what_was_before(bench):
    first = bench.now["prompt"]
    bench.go(bench.collection.schedule_skip())
    bench.settle()
    second = bench.now["prompt"]
    assert cell(second) != cell(first)
    bench.go(bench.collection.schedule_again())
    bench.settle()
    assert bench.now["prompt"] == first
    assert bench.station.shown[-1]["seed"] == first["seed"]
    bench.record()
    assert done(bench)[cell(first)] == 1
    bench.go(bench.collection.schedule_again())  # once more of the last, though that is not even
    bench.settle()
    assert bench.now["prompt"] == first
    bench.record()
    assert done(bench)[cell(first)] == 2
    assert cell(bench.now["prompt"]) != cell(first)


OPERATIONS = ("accept", "accept", "accept", "fail", "redo", "delete", "undo", "forwards", "crash")


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 100)), max_size=25))
@example([("accept", 0), ("redo", 0), ("accept", 0), ("undo", 0), ("redo", 0)])
def test_whatever_is_done_what_is_asked_is_what_there_is_least_of_and_nothing_is_lost(tmp_path_factory, steps):
    """With a recorder that only makes folders, so that hundreds of episodes are possible."""
    root = tmp_path_factory.mktemp("even") / "c"
    patch = pytest.MonkeyPatch()
    patch.setattr(Previews, "want", lambda self, name: None)
    patch.setattr(collecting, "POLL_EVERY_S", 0.0)
    patch.setattr(bag_watch.BagWatch, "ended_early", lambda self: "")
    bench = CollectionBench(root)
    bench.station.stop()

    def mark(word, values):
        if word == marks.BEGIN:
            (root / "episodes" / values[marks.BAG]).with_suffix(".partial").mkdir()
        else:
            partial = (root / "episodes" / values[marks.BAG]).with_suffix(".partial")
            partial.rename(partial.with_suffix(""))

    patch.setattr(bench.station, "mark", mark)
    patch.setattr(bag_watch, "POLLS_MIN", 10**9)
    made, deleted = 0, False
    try:
        for word, number in steps:
            names = [episode["name"] for episode in bench.now["episodes"]]
            try:
                if word in ("accept", "fail") and bench.now["prompt"] is not None:
                    bench.record(word == "accept", seconds=0.0)
                    made += 1
                elif word == "redo":
                    bench.go(bench.collection.episode_redo())
                    deleted = True
                elif word == "delete" and names:
                    bench.go(bench.collection.episode_delete(names[number % len(names)]))
                    deleted = True
                elif word == "undo":
                    bench.go(bench.collection.undo())
                elif word == "forwards":
                    bench.go(bench.collection.redo())
                elif word == "crash":
                    prompt = bench.now["prompt"]
                    bench.collection._journal.close()
                    bench.open()
                    assert bench.now["prompt"] == prompt
            except CollectionError:
                pass  # there was nothing to redo or to undo
            bench.settle()
            counts, prompt = done(bench), bench.now["prompt"]
            if prompt is not None:
                assert counts[cell(prompt)] == min(counts.values())
            else:
                assert min(counts.values()) == 2  # more where one that was thrown away came back beside its successor
            if not deleted:
                assert max(counts.values()) - min(counts.values()) <= 1
            assert len(bench.now["episodes"]) + bench.now["trash"] == made
            assert bench.now["done"] == sum(min(count, 2) for count in counts.values())
    finally:
        bench.end()
        patch.undo()

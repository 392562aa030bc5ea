# SPDX-License-Identifier: Apache-2.0
"""A collection at work, with a real recorder and real bags: start, stop, redo, delete, undo, crashes, a full disk."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from recording_station import RecordingStation
from small_collection import TASK

from controllers.errors import ConfigError, VlaError
from vla_ros.data.bags import marks
from vla_ros.data.bags.episode_bags import bags_in
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.recording import RecordingSettings
from vla_ros.data.bags.reserve import is_being_written
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes import bag_watch, collecting
from vla_ros.teleop.episodes.collecting import EpisodeCollection
from vla_ros.teleop.episodes.previews import Previews
from vla_ros.teleop.scheduling.prompt import SceneInstruction


class Bench:
    """A collection and its station; `go` runs a coroutine on the loop that both belong to."""

    def __init__(self, root: Path, task: dict | None = None, settings: RecordingSettings | None = None) -> None:
        self.root, self._settings = root, settings
        self.task = root.parent / "task.yaml"
        self.task.write_text(yaml.safe_dump(task or TASK, sort_keys=False))
        self.loop = asyncio.new_event_loop()
        self.notes: list[tuple[str, str]] = []
        self.changes = 0
        self.station = RecordingStation(root / "episodes", settings)
        self.collection: EpisodeCollection | None = None
        self.open()

    def open(self) -> None:
        self.collection = EpisodeCollection(self.root, self.station, self.task)
        self.collection.on_note(lambda level, text: self.notes.append((level, text)))
        self.collection.on_change(self._count)
        self.go(self._start())
        self.settle()

    async def _start(self) -> None:
        self.collection.start()

    def _count(self) -> None:
        self.changes += 1

    def go(self, work):
        return self.loop.run_until_complete(work)

    def settle(self) -> None:
        self.go(self.collection._settled())

    def run_until(self, done: Callable[[], bool], seconds: float = 20.0) -> bool:
        async def wait() -> bool:
            end = time.monotonic() + seconds
            while not done():
                if time.monotonic() > end:
                    return False
                await asyncio.sleep(0.02)
            return True

        return self.go(wait())

    @property
    def now(self) -> dict:
        return dict(self.collection.snapshot())

    def record(self, success: bool = True, seconds: float = 0.15, note: str = "") -> str:
        name = self.go(self.collection.episode_start("Ada"))["episode"]
        self.go(asyncio.sleep(seconds))
        self.go(self.collection.episode_stop(success, note))
        self.settle()
        return name

    def close(self) -> None:
        if self.collection is not None:
            self.go(self.collection.close())
            self.collection = None

    def end(self) -> None:
        self.close()
        self.station.close()
        self.loop.close()


@pytest.fixture
def quiet(monkeypatch):
    """No films: they are tested by themselves, and cost a process each."""
    monkeypatch.setattr(Previews, "want", lambda self, name: None)
    monkeypatch.setattr(collecting, "POLL_EVERY_S", 0.02)


@pytest.fixture
def make(tmp_path):
    made = []

    def make(**arguments) -> Bench:
        made.append(Bench(tmp_path / "mugs", **arguments))
        return made[-1]

    yield make
    for bench in made:
        bench.end()


@pytest.fixture
def bench(quiet, make):
    return make()


def cell(prompt: dict) -> str:
    return f"{prompt['action']}, {prompt['object']}, {prompt['position']}"


def done(bench: Bench) -> dict[str, int]:
    return {entry["cell"]: entry["done"] for entry in bench.now["counts"]}


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
def test_whatever_is_done_what_is_asked_is_what_there_is_least_of_and_nothing_is_lost(tmp_path_factory, steps):
    """With a recorder that only makes folders, so that hundreds of episodes are possible."""
    root = tmp_path_factory.mktemp("even") / "c"
    patch = pytest.MonkeyPatch()
    patch.setattr(Previews, "want", lambda self, name: None)
    patch.setattr(collecting, "POLL_EVERY_S", 0.0)
    patch.setattr(bag_watch.BagWatch, "ended_early", lambda self: "")
    bench = Bench(root)
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


# -- crashes -----------------------------------------------------------------------------------------------------------
def test_a_collection_goes_on_where_it_was(bench):
    bench.record()
    bench.go(bench.collection.episode_delete(bench.record()))
    before = bench.now
    bench.close()
    bench.open()
    assert {key: value for key, value in bench.now.items() if key != "elapsed_s"} == {
        key: value for key, value in before.items() if key != "elapsed_s"}  # fmt: skip
    assert bench.notes == []
    bench.go(bench.collection.undo())
    bench.settle()
    assert bench.now["done"] == 2


@pytest.mark.parametrize("cut", [1, 7, 30])
def test_a_torn_line_of_the_journal_costs_that_line_alone(bench, cut):
    bench.record()
    bench.close()
    journal = bench.root / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:-cut])
    bench.open()
    assert any("bytes of the journal were torn" in text for _, text in bench.notes)
    assert bench.now["done"] == 1
    assert bench.now["prompt"] is not None
    for line in journal.read_text().splitlines():
        json.loads(line)


def test_a_journal_that_is_damaged_inside_is_not_guessed_at(bench):
    bench.record()
    bench.close()
    journal = bench.root / "journal.jsonl"
    lines = journal.read_text().splitlines()
    journal.write_text("\n".join([lines[0], lines[1][:5], *lines[2:]]) + "\n")
    with pytest.raises(ConfigError, match="line 2: not a whole event, and more follow"):
        bench.open()


def test_episodes_of_a_lost_journal_are_found_with_their_cells(bench):
    bench.record()
    bench.record(success=False)
    bench.record()
    counts = done(bench)
    bench.close()
    (bench.root / "journal.jsonl").unlink()
    bench.open()
    assert done(bench) == counts
    assert [episode["success"] for episode in bench.now["episodes"]] == [True, False, True]


def test_what_was_deleted_while_the_machine_died_is_deleted_and_what_was_taken_back_is_back(bench):
    names = [bench.record(), bench.record()]
    bench.go(bench.collection.episode_delete(names[0]))
    bench.close()
    episodes, trash = bench.root / "episodes", bench.root / "trash"
    (trash / names[0]).rename(episodes / names[0])  # as if the journal was written and the move never made
    (episodes / names[1]).rename(trash / names[1])
    bench.open()
    assert (trash / names[0]).is_dir()
    assert (episodes / names[1]).is_dir()
    assert [episode["name"] for episode in bench.now["episodes"]] == [names[1]]


def test_a_bag_that_somebody_took_away_does_not_count_any_more_until_it_is_back(bench):
    name = bench.record()
    bench.close()
    (bench.root / "episodes" / name).rename(bench.root.parent / name)
    bench.open()
    assert bench.now["done"] == 0
    assert any(f"{name}: its bag is gone" in text for _, text in bench.notes)
    bench.close()
    (bench.root.parent / name).rename(bench.root / "episodes" / name)
    bench.open()
    assert bench.now["done"] == 1


KILLED = """
import asyncio, sys
from pathlib import Path
from recording_station import RecordingStation
from vla_ros.teleop.episodes.collecting import EpisodeCollection

async def work(root, task):
    station = RecordingStation(root / "episodes")
    collection = EpisodeCollection(root, station, task)
    collection.start()
    await collection.episode_start("Ada")
    await asyncio.sleep(0.3)
    await collection.episode_stop(True, "")
    await collection._settled()
    await collection.episode_start("Ada")
    await asyncio.sleep(1.5)
    print("now", flush=True)
    await asyncio.sleep(60)

asyncio.run(work(Path(sys.argv[1]), Path(sys.argv[2])))
"""


def test_killed_in_mid_episode_it_keeps_what_was_recorded_and_does_not_count_it(tmp_path, quiet, make):
    task = tmp_path / "task.yaml"
    task.write_text(yaml.safe_dump(TASK, sort_keys=False))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-c", KILLED, str(tmp_path / "mugs"), str(task)]
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "now\n"
        process.send_signal(signal.SIGKILL)
    finally:
        process.kill()
        process.communicate()
    assert (tmp_path / "mugs" / "episodes" / "episode_000001.partial").is_dir()
    bench = make()
    texts = [text for _, text in bench.notes]
    assert any("episode_000001: repaired" in text for text in texts), texts
    assert any("episode_000001 was interrupted" in text for text in texts), texts
    assert bench.now["done"] == 1
    assert [(e["name"], e["success"]) for e in bench.now["episodes"]] == [
        ("episode_000000", True), ("episode_000001", None)]  # fmt: skip
    with BagReader(bench.root / "episodes" / "episode_000001") as bag:
        assert bag.duration_s > 0.5
    assert bench.record() == "episode_000002"


def test_two_bridges_cannot_have_one_collection(bench):
    with pytest.raises(ConfigError, match="is in use by another bridge"):
        EpisodeCollection(bench.root, bench.station, bench.task)


def test_closing_in_mid_episode_keeps_it_as_interrupted(bench):
    bench.go(bench.collection.episode_start("Ada"))
    bench.go(asyncio.sleep(0.2))
    bench.close()
    assert bench.station.said[-1] == ("end", bench.station.said[-1][1])
    assert marks.SUCCESS not in bench.station.said[-1][1]
    bench.station.stop()
    bench.station.start()
    bench.open()
    (episode,) = bench.now["episodes"]
    assert (episode["success"], episode["marks"]) == (None, ["interrupted"])
    assert bench.now["done"] == 0


# -- what goes wrong with the recorder ---------------------------------------------------------------------------------
def test_a_disk_that_fills_up_in_mid_episode_is_said_the_arm_holds_and_the_bag_is_whole(quiet, make, monkeypatch):
    free = [10**9]
    usage = type("Usage", (), {"free": property(lambda self: free[0])})()
    monkeypatch.setattr("vla_ros.data.bags.recording.shutil.disk_usage", lambda path: usage)
    bench = make(settings=RecordingSettings(preroll_s=0.2, postroll_s=0.0, free_bytes=500_000_000))
    bench.record()
    bench.go(bench.collection.episode_start("Ada"))
    bench.go(asyncio.sleep(0.3))
    free[0] = 400_000_000
    assert bench.run_until(lambda: not bench.now["recording"])
    bench.settle()
    words = "only 400 MB are free, 500 MB are to remain"
    assert bench.station.held == [f"nothing is recorded: {words}"]
    assert ("error", f"episode_000001 is not recorded any more: {words}") in bench.notes
    assert bench.now["done"] == 1
    assert bench.now["episodes"][-1]["marks"][0] == f"does not count: {words}"
    bench.station.problem = words  # as the node says it, of the recorder's diagnostics
    with pytest.raises(CollectionError, match="only 400 MB are free"):
        bench.go(bench.collection.episode_start("Ada"))
    free[0], bench.station.problem = 10**9, ""
    bench.record()
    assert bench.now["done"] == 2
    for bag in bags_in(bench.root):
        with BagReader(bag) as reader:
            assert reader.topics["/joint_states"].count > 3


def test_without_a_recorder_the_episode_ends_and_says_so(quiet, make, monkeypatch):
    monkeypatch.setattr(bag_watch, "BEGUN_WITHIN_S", 0.3)
    bench = make()
    bench.station.stop()
    bench.go(bench.collection.episode_start("Ada"))
    assert bench.run_until(lambda: not bench.now["recording"])
    bench.settle()
    assert any("no recorder has begun a bag: is it running?" in text for _, text in bench.notes)
    assert bench.station.held
    assert (bench.now["done"], bench.now["episodes"]) == (0, [])
    bench.station.start()
    assert bench.record() == "episode_000001"
    assert bench.now["done"] == 1


def test_a_recorder_that_dies_in_mid_episode_is_noticed_and_its_bag_mended(bench):
    bench.go(bench.collection.episode_start("Ada"))
    bench.go(asyncio.sleep(0.8))
    partial = bench.root / "episodes" / "episode_000000.partial"
    assert is_being_written(partial)
    recording, bench.station.recording = bench.station.recording, None
    recording._queue.put(None)
    recording._thread.join()
    recording._bag.writer._reserve._file.close()  # as the system does it for the dead
    assert bench.run_until(lambda: not bench.now["recording"])
    bench.settle()
    assert any("the recorder has died" in text for _, text in bench.notes)
    assert any("episode_000000: repaired" in text for _, text in bench.notes)
    assert bench.now["done"] == 0
    assert bench.now["episodes"][0]["marks"][0] == "does not count: the recorder has died"


def test_a_journal_that_finds_no_room_begins_nothing(bench, monkeypatch):
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    before = (bench.root / "journal.jsonl").read_bytes()
    with pytest.raises(CollectionError, match=r"cannot be written \(No space left on device\): make room"):
        bench.go(bench.collection.episode_start("Ada"))
    monkeypatch.undo()
    assert (bench.root / "journal.jsonl").read_bytes() == before
    assert not bench.now["recording"]
    assert bench.station.said == []


def test_a_scene_that_the_simulator_refuses_is_said_and_shown_when_it_can_be(bench):
    bench.station.scene_problem = "the simulator shows no new scene: target 'x'"
    bench.record()
    assert ("error", "the scene is not there: the simulator shows no new scene: target 'x'") in bench.notes
    shown = len(bench.station.shown)
    bench.station.scene_problem = ""
    bench.go(bench.collection.schedule_skip())
    bench.settle()
    assert len(bench.station.shown) == shown + 1


def test_without_a_task_episodes_are_recorded_as_they_come(tmp_path, quiet):
    station = RecordingStation(tmp_path / "free" / "episodes")
    loop = asyncio.new_event_loop()
    collection = EpisodeCollection(tmp_path / "free", station)
    station.instruct("wave")

    async def start() -> None:
        collection.start()
        await collection._settled()

    try:
        loop.run_until_complete(start())
        assert loop.run_until_complete(collection.episode_start(""))["instruction"] == "wave"
        loop.run_until_complete(asyncio.sleep(0.1))
        loop.run_until_complete(collection.episode_stop(True, ""))
        loop.run_until_complete(collection._settled())
        now = collection.snapshot()
        assert (now["prompt"], now["done"], now["wanted"]) == (None, 1, 0)
        with pytest.raises(VlaError, match="no task is planned"):
            loop.run_until_complete(collection.schedule_skip())
    finally:
        loop.run_until_complete(collection.close())
        station.close()
        loop.close()


def test_a_task_that_was_changed_between_two_days_keeps_what_still_belongs_to_it(bench):
    bench.record()
    first = bench.now["episodes"][0]
    bench.close()
    task = {**TASK, "objects": {"red mug": {}, "yellow banana": {}, "blue hammer": {}}, "each": 1}
    bench.task.write_text(yaml.safe_dump(task, sort_keys=False))
    bench.open()
    assert bench.now["wanted"] == 6
    assert bench.now["done"] == 1
    assert bench.now["episodes"][0] == first
    bench.close()
    bench.task = None  # and it knows for itself what was planned
    bench.open()
    assert bench.now["wanted"] == 6


# -- pictures ----------------------------------------------------------------------------------------------------------
def test_each_episode_gets_a_picture_a_film_and_a_judgement_in_the_background(make):
    bench = make()
    name = bench.record(seconds=1.5)
    assert bench.now["episodes"][0]["thumbnail"] == ""
    assert bench.collection.file(name, "video.mp4") is None
    assert bench.run_until(lambda: bench.now["episodes"][0]["quality"] is not None, 90.0)
    (episode,) = bench.now["episodes"]
    assert 0.0 <= episode["quality"] <= 100.0
    assert episode["marks"]  # two cameras' worth of topics are missing: it says so
    assert 1.0 < episode["duration_s"] < 5.0
    assert episode["thumbnail"] == f"/episodes/{name}/thumbnail.jpg"
    picture = cv2.imread(str(bench.collection.file(name, "thumbnail.jpg")))
    assert picture.shape == (240, 320, 3)
    with av.open(str(bench.collection.file(name, "video.mp4"))) as film:
        frames = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(frames) == pytest.approx(10 * episode["duration_s"], abs=3)
    assert frames[0].shape == (240, 320, 3)
    content = bench.collection.file(name, "video.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")  # a page can begin to play at once
    for bad in ("../task.yaml", "summary.json", ""):
        assert bench.collection.file(name, bad) is None
    assert bench.collection.file("../mugs", "video.mp4") is None
    bench.close()
    bench.open()  # and is not made again
    made = bench.collection.file(name, "video.mp4").stat().st_mtime_ns
    bench.go(asyncio.sleep(0.5))
    assert bench.collection.file(name, "video.mp4").stat().st_mtime_ns == made


def test_a_bag_that_cannot_be_looked_at_says_so_once(make):
    bench = make()
    name = bench.record(seconds=0.3)
    bench.close()
    shutil.rmtree(bench.root / "previews" / name, ignore_errors=True)
    (file,) = (bench.root / "episodes" / name).glob("*.mcap")
    file.write_bytes(file.read_bytes()[:200])
    bench.open()
    assert bench.run_until((bench.root / "previews" / name / "summary.json").is_file, 60.0)
    marks = bench.now["episodes"][0]["marks"]
    assert marks[0].startswith("does not count: ")
    assert all("truncated or damaged" in text for text in marks)
    assert len(marks) == 2

# SPDX-License-Identifier: Apache-2.0
"""A recorder, a disk, a simulator or a task that is not as it was; films of what was recorded."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys

import av
import cv2
import pytest
import yaml
from demonstrations.recording_station import RecordingStation
from demonstrations.small_collection import TASK

from controllers.errors import VlaError
from vla_ros.data.bags.episode_bags import bags_in
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.recording import RecordingSettings
from vla_ros.data.bags.reserve import is_being_written
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes import bag_watch
from vla_ros.teleop.episodes.collecting import EpisodeCollection
from vla_ros.teleop.episodes.journal import Journal

FULL_DISK = """
import resource, sys
from pathlib import Path
from vla_ros.teleop.collection import CollectionError
from vla_ros.teleop.episodes.journal import Journal

path = Path(sys.argv[1])
journal = Journal(path)
journal.append("first")
before = path.read_bytes()
resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, resource.RLIM_INFINITY))
try:
    journal.append("refused")
except CollectionError as error:
    print(error)
assert path.read_bytes() == before
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append("second")
print([entry["event"] for entry in journal.events])
"""


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


def test_what_a_full_disk_refused_does_not_come_with_the_next_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    done = subprocess.run([sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    said, kept = done.stdout.splitlines()
    assert "cannot be written (File too large): make room" in said
    assert kept == "['first', 'second']"
    journal = Journal(path)
    journal.close()
    assert [entry["event"] for entry in journal.events] == ["first", "second"]


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

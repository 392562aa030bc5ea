# SPDX-License-Identifier: Apache-2.0
"""A collection that ends in any way: what was recorded stays, and it goes on where it was."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys

import pytest
import yaml
from demonstrations.collection_bench import done
from demonstrations.small_collection import TASK

from controllers.errors import ConfigError
from vla_ros.data.bags import marks
from vla_ros.data.bags.reader import BagReader
from vla_ros.teleop.episodes.collecting import EpisodeCollection


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


@pytest.mark.parametrize(
    "line",
    [
        '{"event": "begin", "time": 1.0}',
        '{"event": "begin", "episode": "episode_000007", "time": "noon"}',
        '{"event": "end", "time": 1.0}',
        '{"event": "skip", "cell": {"action": "pick up"}, "seed": "seven"}',
    ],
)
def test_an_event_that_lacks_what_it_needs_is_said_with_its_line(bench, line):
    bench.record()
    bench.close()
    journal = bench.root / "journal.jsonl"
    whole = journal.read_text()
    first, *rest = whole.splitlines()
    journal.write_text("\n".join([first, line, *rest]) + "\n")
    with pytest.raises(ConfigError, match=r"line 2: '(begin|end|skip)' is not a whole event"):
        bench.open()
    journal.write_text(whole)
    bench.open()  # it is let go of


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
from demonstrations.recording_station import RecordingStation
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

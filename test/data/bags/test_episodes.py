# SPDX-License-Identifier: Apache-2.0
"""A bag for each episode: names, what each begins with, a full disk in mid-episode, collections on the command line."""

from __future__ import annotations

import json
import multiprocessing
import re
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest
from bags import sample_bag
from bags.bag_making import LATCHED, START, STATUS, codec, image
from bags.episode_recorder import COLOR, MARKS, QUICK, SCENE, SECOND, mark, record, say, write_and_die
from eventually import eventually

from vla_ros.cli import main
from vla_ros.data.bags import marks
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.episode_bags import EpisodeBags, bags_in, episode_number, next_number, unfinished
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import TF, message_definition
from vla_ros.data.bags.reader import BagMessage, BagReader
from vla_ros.data.bags.recording import Recording, RecordingSettings
from vla_ros.data.bags.repair import repair
from vla_ros.data.bags.reserve import is_being_written
from vla_ros.data.bags.writer import BagWriter

Usage = namedtuple("Usage", "total used free")


def whole(recording: Recording, count: int) -> bool:
    return eventually(lambda: len(recording.status.bags) == count)


def words(bag: Path, topic: str = "/word") -> list[str]:
    with BagReader(bag) as reader:
        return [message.data for _, message in reader.decoded(topic)]


def test_each_episode_is_a_bag_of_its_own(tmp_path):
    recording = record(tmp_path)
    for number in range(3):
        at = 10.0 * number
        say(recording, at, "long before")
        say(recording, at + 4.8, "just before")
        mark(recording, at + 5.0, marks.BEGIN)
        say(recording, at + 5.5, f"during {number}")
        mark(recording, at + 6.0, marks.END, notes={"lost": str(number)})
        assert whole(recording, number + 1)
        say(recording, at + 7.0, "after")
    assert recording.close() == tmp_path
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["episode_000000", "episode_000001", "episode_000002"]
    for number, bag in enumerate(bags_in(tmp_path)):
        assert check_bag(bag) == []
        assert words(bag) == ["just before", f"during {number}"]
        with BagReader(bag) as reader:
            assert [m.message for _, m in reader.decoded(MARKS)] == [marks.BEGIN, marks.END]
            assert reader.custom_data["lost"] == str(number)


def test_every_bag_begins_with_what_still_holds_and_with_nothing_else(tmp_path):
    recording = record(tmp_path)
    say(recording, 0.0, "scene 1", SCENE)
    say(recording, 1.0, "scene 2", SCENE)
    for number in range(3):
        at = 100.0 * (number + 1)
        if number == 2:
            say(recording, at - 50.0, "scene 3", SCENE)
        say(recording, at - 0.1, "before")
        mark(recording, at, marks.BEGIN)
        if number == 0:
            say(recording, at + 0.5, "scene 2 again", SCENE)
        mark(recording, at + 1.0, marks.END)
        assert whole(recording, number + 1)
    recording.close()
    first, second, third = bags_in(tmp_path)
    assert words(first, SCENE) == ["scene 2", "scene 2 again"]
    assert words(second, SCENE) == ["scene 2 again"]
    assert words(third, SCENE) == ["scene 3"]
    with BagReader(third) as reader:
        (held,) = reader.messages([SCENE])
        assert held.log_time == reader.start == START + round(299.9 * SECOND)  # no minutes of silence before it
        assert held.publish_time == START + 250 * SECOND
        assert reader.topics[MARKS].count == 2  # the marks of other episodes are over


def test_frames_that_stand_still_are_held_frame_by_frame(tmp_path):
    def still(seconds: float, x: float, *frames: str) -> None:
        make = codec.make
        stamp = make("builtin_interfaces/msg/Time", sec=0, nanosec=0)
        transforms = [
            make(
                "geometry_msgs/msg/TransformStamped",
                header=make("std_msgs/msg/Header", stamp=stamp, frame_id="base"),
                child_frame_id=frame,
                transform=make(
                    "geometry_msgs/msg/Transform",
                    translation=make("geometry_msgs/msg/Vector3", x=x, y=0.0, z=0.0),
                    rotation=make("geometry_msgs/msg/Quaternion", x=0.0, y=0.0, z=0.0, w=1.0),
                ),
            )
            for frame in frames
        ]
        data = codec.encode(TF, make(TF, transforms=transforms))
        recording.put(BagMessage("/tf_static", START + round(seconds * SECOND), START, data, 0))

    codec.learn_installed(TF)
    recording = Recording(EpisodeBags(tmp_path), QUICK)
    recording.add_topic("/tf_static", message_definition(TF), [LATCHED])
    recording.add_topic(MARKS, message_definition(STATUS), [LATCHED])
    still(0.0, 1.0, "hand", "link")
    for number in range(40):  # a camera that is moved with every scene must not push the others out
        still(1.0 + number, float(number), "front")
    mark(recording, 60.0, marks.BEGIN)
    mark(recording, 61.0, marks.END)
    assert whole(recording, 1)
    recording.close()
    with BagReader(tmp_path / "episode_000000") as reader:
        found = [{t.child_frame_id: t.transform.translation.x for t in m.transforms}
                 for _, m in reader.decoded("/tf_static")]  # fmt: skip
    assert found == [{"hand": 1.0, "link": 1.0}, {"front": 39.0}]


def test_numbering_goes_on_after_a_restart_past_the_trash_and_past_what_was_torn(tmp_path):
    episodes = tmp_path / "episodes"
    for used in ("episodes/episode_000002", "episodes/episode_000004.partial", "trash/episode_000007", "episodes/x_9"):
        (tmp_path / used).mkdir(parents=True)
    assert next_number(episodes) == 8
    assert unfinished(episodes) == [episodes / "episode_000004.partial"]
    recording = record(episodes)
    mark(recording, 0.0, marks.BEGIN)
    mark(recording, 1.0, marks.END)
    assert whole(recording, 1)
    mark(recording, 2.0, marks.BEGIN, name="episode_000012")  # whoever marks may say which it is
    mark(recording, 3.0, marks.END)
    assert whole(recording, 2)
    mark(recording, 4.0, marks.BEGIN, name="episode_000003")  # but never overwrite
    mark(recording, 5.0, marks.END)
    assert whole(recording, 3)
    mark(recording, 6.0, marks.BEGIN, name="../../etc")
    mark(recording, 7.0, marks.END)
    assert whole(recording, 4)
    recording.close()
    numbers = {episode_number(path.name) for path in episodes.iterdir()}
    assert numbers == {None, 2, 4, 8, 12, 13, 14}


def test_a_begin_without_an_end_before_it_ends_the_one_before(tmp_path):
    recording = record(tmp_path, RecordingSettings(preroll_s=0.5, postroll_s=30.0, free_bytes=0))
    mark(recording, 0.0, marks.BEGIN)
    say(recording, 0.5, "first")
    mark(recording, 1.0, marks.BEGIN)
    say(recording, 1.5, "second")
    mark(recording, 2.0, marks.END)
    mark(recording, 3.0, marks.BEGIN)  # within the post-roll
    say(recording, 3.5, "third")
    assert eventually(lambda: len(recording.status.bags) == 2)
    recording.close()  # in mid-episode: what there is is whole
    assert [words(bag) for bag in bags_in(tmp_path)] == [["first"], ["second"], ["third"]]


def test_video_begins_anew_with_every_bag(tmp_path):
    recording = record(tmp_path, RecordingSettings(images="h264", preroll_s=0.5, postroll_s=0.0, free_bytes=0))
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    for number in range(2):
        mark(recording, 10.0 * number, marks.BEGIN)
        for frame in range(5):
            at = START + round((10.0 * number + 0.1 * frame) * SECOND)
            recording.put(BagMessage(COLOR, at, at, image(at * 1e-9, np.roll(pixels, frame, axis=1)), 0))
        mark(recording, 10.0 * number + 1.0, marks.END)
        assert whole(recording, number + 1)
    recording.close()
    for bag in bags_in(tmp_path):
        with BagReader(bag) as reader:
            images = ImageReader(reader.topics[COLOR + "/h264"].type)
            pictures = [images.read(message) for _, message in reader.decoded(COLOR + "/h264")]
        assert sum(picture is not None for picture in pictures) == 5


def test_a_disk_that_fills_up_in_mid_episode_says_so_ends_the_bag_whole_and_goes_on_when_there_is_room(
    tmp_path, monkeypatch
):
    free = [10**9]
    monkeypatch.setattr("vla_ros.data.bags.recording.shutil.disk_usage", lambda path: Usage(0, 0, free[0]))
    recording = record(tmp_path, RecordingSettings(preroll_s=0.5, postroll_s=0.0, free_bytes=500_000_000))
    mark(recording, 0.0, marks.BEGIN)
    say(recording, 0.5, "kept")
    assert eventually(lambda: recording.status.messages >= 2)
    free[0] = 400_000_000
    assert whole(recording, 1)
    assert recording.status.problem == "only 400 MB are free, 500 MB are to remain"
    say(recording, 0.6, "too late")
    mark(recording, 1.0, marks.END)
    mark(recording, 2.0, marks.BEGIN)  # still no room: nothing is begun
    say(recording, 2.5, "nowhere")
    mark(recording, 3.0, marks.END)
    assert eventually(lambda: recording.waiting == 0)
    assert recording.status.bag == ""
    free[0] = 10**9
    say(recording, 3.9, "before")
    mark(recording, 4.0, marks.BEGIN)
    say(recording, 4.5, "again")
    mark(recording, 5.0, marks.END)
    assert whole(recording, 2)
    assert recording.status.problem == ""
    recording.close()
    first, second = bags_in(tmp_path)
    assert check_bag(first) == check_bag(second) == []
    assert words(first) == ["kept"]
    assert words(second) == ["before", "again"]
    with BagReader(first) as reader:
        assert "400 MB" in reader.custom_data["ended"]
    with BagReader(second) as reader:
        assert "ended" not in reader.custom_data


def test_a_write_that_finds_the_disk_full_ends_the_bag_whole(tmp_path, monkeypatch):
    from full_disk import FullDisk

    disk = FullDisk(monkeypatch)
    recording = record(tmp_path)
    mark(recording, 0.0, marks.BEGIN)
    say(recording, 0.5, "kept")
    assert eventually(lambda: recording.status.messages >= 2)
    disk.left = 10
    say(recording, 0.6, "no room")
    assert eventually(lambda: "disk is full" in recording.status.problem)
    disk.left = 10**6
    recording.close()
    left = list(tmp_path.iterdir())
    assert len(left) == 1
    if left[0].suffix == ".partial":  # not even its end found room
        repair(left[0])
    assert words(tmp_path / "episode_000000") == ["kept"]


def test_what_a_killed_recorder_leaves_is_repaired_and_what_a_living_one_writes_is_left_alone(tmp_path):
    recording = record(tmp_path)
    mark(recording, 0.0, marks.BEGIN)
    say(recording, 0.5, "alive")
    partial = tmp_path / "episode_000000.partial"
    assert eventually(lambda: partial.is_dir() and is_being_written(partial))
    with pytest.raises(BagError, match="is being recorded: end the recorder first"):
        repair(partial)
    recording.close()
    child = multiprocessing.get_context("spawn").Process(target=write_and_die, args=(tmp_path,))
    child.start()
    child.join(60)
    assert child.exitcode == 9
    partial = tmp_path / "episode_000001.partial"
    assert not is_being_written(partial)
    assert repair(partial).bag == tmp_path / "episode_000001"
    assert words(tmp_path / "episode_000001") == ["kept"]


def test_a_bag_is_no_folder_of_bags(tmp_path):
    BagWriter(tmp_path / "bag").close()
    with pytest.raises(BagError, match="is a bag, not a folder of bags"):
        EpisodeBags(tmp_path / "bag")
    (tmp_path / "file").write_text("")
    with pytest.raises(BagError, match="cannot be made"):
        EpisodeBags(tmp_path / "file" / "bags")


# -- whole collections on the command line -----------------------------------------------------------------------------
@pytest.fixture
def collection(tmp_path):
    """A collection of three episodes, the last a failure, and one more in the trash."""
    for number, (folder, success) in enumerate((("episodes", True), ("episodes", True), ("episodes", False),
                                                ("trash", True))):  # fmt: skip
        made = sample_bag.Recording(start=1000.0 + 10 * number, marked=((0.2, 2.8, success),), seed=number)
        sample_bag.write_bag(tmp_path / folder / f"episode_{number:06d}", made)
    return tmp_path


CONTRACT = """
name: small
reference_camera: front
robot: franka
fps: 10
cameras: {front: {width: 64, height: 48}}
state: [panda_joint1/position, panda_hand/width]
action: {arms: [panda], grippers: [panda_hand], reference: delta, rotation: rotation_vector, target: commanded,
         anchor: commanded, horizon: 4}
"""


def test_a_collection_is_converted_at_once_without_what_failed_or_was_deleted(collection, tmp_path, capsys):
    (tmp_path / "small.yaml").write_text(CONTRACT)
    words = ["convert", str(collection), str(tmp_path / "set"), "--contract", str(tmp_path / "small.yaml")]
    assert main([*words, "--workers", "1"]) == 0
    assert "2 episodes" in (said := capsys.readouterr().out), said
    assert "added from 3 bags" in said
    assert "1 failed episodes left out" in said
    assert main([*words, "--workers", "1"]) == 0  # again: the two are there already
    assert "0 episodes" in capsys.readouterr().out


def test_a_collection_is_checked_at_once(collection, tmp_path, capsys):
    (collection / "episodes" / "episode_000005.partial").mkdir()
    report, figures = tmp_path / "report.html", tmp_path / "figures.json"
    assert main(["bag", "check", str(collection), "--report", str(report), "--json", str(figures)]) == 1
    said = capsys.readouterr().out
    assert "episode_000005.partial: was not finished: `vla bag repair" in said
    assert "3 bags, 3 whole, 1 not finished" in said
    entries = json.loads(figures.read_text())["episodes"]
    assert [(entry["bag"], entry["success"]) for entry in entries] == [
        ("episode_000000", True), ("episode_000001", True), ("episode_000002", False)]  # fmt: skip
    assert re.search(r"episode_000001 +yes +1 +0 +\d+\n", said)  # a line of the table
    for name in ("episode_000000", "episode_000001", "episode_000002"):
        assert f"href='report/{name}.html'" in report.read_text()
        assert f"id='episode{name}/0'" in (tmp_path / "report" / f"{name}.html").read_text()
    (collection / "episodes" / "episode_000005.partial").rmdir()
    torn = collection / "episodes" / "episode_000001" / "episode_000001_0.mcap"
    torn.write_bytes(torn.read_bytes()[:-4000])
    assert main(["bag", "check", str(collection)]) == 1
    said = capsys.readouterr().out
    assert "3 bags, 2 whole" in said
    assert "truncated" in said
    assert "episode_000002: episode 0" in said  # the others are judged all the same


def test_several_bags_are_checked_at_once_and_the_exit_code_is_that_of_the_worst(collection, tmp_path, capsys):
    first, second = collection / "episodes" / "episode_000000", collection / "trash" / "episode_000003"
    report, figures = tmp_path / "all.html", tmp_path / "figures.json"
    words = ["bag", "check", str(first), str(second), "--report", str(report), "--json", str(figures)]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert re.search(r"bag +whole +episodes +refused +worst score\nepisode_000000 +yes +1 ", said)
    assert re.search(r"\nepisode_000003 +yes +1 ", said)
    assert "2 bags, 2 whole, 0 not finished" in said
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"episode_000000.html", "episode_000003.html"}
    written = json.loads(figures.read_text())
    assert [(bag["bag"], bag["faults"], bag["episodes"]) for bag in written["bags"]] == [
        ("episode_000000", [], 1), ("episode_000003", [], 1)]  # fmt: skip
    (tmp_path / "small.yaml").write_text(CONTRACT.replace("width: 64", "width: 128"))
    lowest = ["--min-score", "51", "--contract", str(tmp_path / "small.yaml")]  # by which both would be refused
    assert main(["bag", "check", str(first), str(second), *lowest]) == 1
    assert re.search(r"\nepisode_000003 +yes +1 +1 +\d\d\n", capsys.readouterr().out)
    assert main(["bag", "check", str(first), str(first), str(tmp_path / "nothing")]) == 2
    taken = capsys.readouterr()
    assert "nothing: no such bag" in taken.err
    assert "2 bags, 1 whole" in taken.out  # what is given twice is checked once
    other = sample_bag.write_bag(tmp_path / "other" / "episode_000000", sample_bag.Recording(start=5000.0))
    torn = next(second.glob("*.mcap"))
    torn.write_bytes(torn.read_bytes()[:-4000])
    assert main(["bag", "check", str(first), str(other), str(second), "--report", str(report)]) == 1
    said = capsys.readouterr().out
    assert f"{other}: episode 0" in said  # names that are not enough are paths
    assert len(re.findall(r"href='all/[^']*episode_000000\.html'", report.read_text())) == 2
    for option, expected in ((["--min-score", "101"], "must be 0 to 100"), (["--skew-max", "0"], "must be > 0 s"),
                             (["--contract", "franka_gras"], "did you mean 'franka_grasp'"),
                             (["--report", "no/page.html"], "does not exist: make it")):  # fmt: skip
        assert main(["bag", "check", str(first), *option]) == 2
        assert expected in capsys.readouterr().err


def test_time_between_episodes_costs_no_memory(tmp_path):
    recording = record(tmp_path)
    for number in range(2000):
        say(recording, 0.01 * number, "x" * 1000)
    assert eventually(lambda: recording.waiting == 0)
    assert len(recording._preroll.take()) == 51  # half a second of it
    recording.close()

# SPDX-License-Identifier: Apache-2.0
"""What is read out of bags: information, faults, episodes, parts; and what cannot be read, in one line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from bags.bag_making import (
    IMAGE,
    JOINT_STATE,
    LATCHED,
    RELIABLE,
    START,
    STATUS,
    STRING,
    Sent,
    arm_at_work,
    image,
    joint_state,
    string,
    write_bag,
)
from bags.sent_marks import mark, status
from rosbags.rosbag2 import Reader

from vla_ros.cli import main
from vla_ros.data.bags.check import check_bag
from vla_ros.data.bags.cut import cut
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.image_compression import ImageCompressor
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.message_definitions import VIDEO, message_definition
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.topic_choice import TopicChoice
from vla_ros.data.bags.writer import BagSettings, BagWriter

SECOND = 1_000_000_000  # [ns]
SENT = list(arm_at_work())


def progress(time: int, source: str, held: str = "") -> Sent:
    return Sent("/control/progress", STATUS, time, status("control", held, source=source))


@pytest.fixture(scope="module")
def two_episodes(tmp_path_factory) -> Path:
    """Return a bag of 6 s with two episodes; in the second a person takes the arm from 4.0 to 4.5 s."""
    at = [START + i * SECOND // 10 for i in range(61)]
    sent = [Sent("/instruction", STRING, at[0], string("lift the mug"))]
    sent += [mark(at[10], "begin", instruction="lift the mug", episode="basic 0")]
    sent += [mark(at[20], "end", instruction="lift the mug", success="false", failure="it slipped")]
    sent += [mark(at[30], "begin", instruction="lift the can"), mark(at[50], "end", success="true")]
    for number, time in enumerate(at):
        source = "teleop" if 40 <= number < 45 else "policy"
        sent += [
            progress(time, source),
            Sent("/joint_states", JOINT_STATE, time, joint_state(0.1 * number, np.ones(7))),
        ]
    sent.sort(key=lambda item: item.time)
    return write_bag(tmp_path_factory.mktemp("episodes") / "two", sent, None, {"job": "franka_grasp"})


def test_episodes_are_what_the_marks_say(two_episodes):
    with BagReader(two_episodes) as reader:
        first, second = read_episodes(reader)
    assert (first.instruction, first.success, first.failure) == ("lift the mug", False, "it slipped")
    assert first.values["episode"] == "basic 0"
    assert (second.instruction, second.success, second.number) == ("lift the can", True, 1)
    assert [round(e.duration_s, 3) for e in (first, second)] == [1.0, 2.0]
    assert first.interventions == ()
    (stretch,) = second.interventions
    assert [(t - START - 1000) / SECOND for t in (stretch.begin, stretch.end)] == [4.0, 4.5]
    frames = START + np.array([3.9, 4.1, 4.4, 4.6]) * SECOND
    assert second.intervened(frames).tolist() == [False, True, True, False]


@pytest.mark.parametrize(("pause", "stretches"), [(0.3, [(1.0, 2.0)]), (0.7, [(1.0, 1.2), (1.9, 2.0)])])
def test_an_arm_that_waits_for_a_persons_next_word_is_still_theirs(tmp_path, pause, stretches):
    """A network's gap is no end of a correction; a longer rest, or somebody else's motion, is."""
    sent = []
    for tick in range(121):
        time = 0.02 * tick
        source = "teleop" if 1.0 <= time < 2.0 else "policy"
        sent.append(progress(START + round(1e9 * time), source, "chunk exhausted" if 1.2 <= time < 1.2 + pause else ""))
    with BagReader(write_bag(tmp_path / "waits", sent)) as reader:
        (episode,) = read_episodes(reader)
    found = [((item.begin - START) * 1e-9, (item.end - START) * 1e-9) for item in episode.interventions]
    np.testing.assert_allclose(found, stretches, atol=1e-3)


def test_a_bag_without_marks_is_one_episode_and_one_without_an_end_says_so(tmp_path):
    with BagReader(write_bag(tmp_path / "plain", SENT)) as reader:
        (episode,) = read_episodes(reader)
    assert (episode.marked, episode.finished, episode.success) == (False, False, None)
    assert episode.instruction == "pick up the red mug"
    begun = [SENT[0], mark(START + 1, "begin", instruction="a"), mark(START + 2, "begin", instruction="b")]
    with BagReader(write_bag(tmp_path / "begun", begun)) as reader:
        first, second = read_episodes(reader)
    assert not first.finished
    assert not second.finished
    assert [first.instruction, second.instruction] == ["a", "b"]


def test_info_shows_topics_rates_and_episodes(two_episodes, tmp_path, capsys):
    assert main(["bag", "info", str(two_episodes), "--json", str(tmp_path / "info.json")]) == 0
    text = capsys.readouterr().out
    assert "6.00 s, 127 messages of 4 topics" in text
    assert "job: franka_grasp" in text
    line = next(line for line in text.splitlines() if "/joint_states" in line)
    assert line.split() == ["/joint_states", "61", "10.0", "Hz", JOINT_STATE]
    assert 'episode 0 from 1.00 s, 1.00 s: "lift the mug", failure (it slipped)' in text
    assert 'episode 1 from 3.00 s, 2.00 s: "lift the can", success, 1 interventions, 0.5 s' in text
    content = json.loads((tmp_path / "info.json").read_text())
    assert content["topics"]["/instruction"] == {"type": STRING, "messages": 1, "rate_hz": 0.0, "latched": True}
    assert content["episodes"][1]["interventions"] == [{"begin_s": 4.0, "end_s": 4.5}]


# -- parts -------------------------------------------------------------------------------------------------------------
def test_a_part_holds_what_was_received_then_and_what_was_latched_before(two_episodes, tmp_path, capsys):
    assert main(["bag", "cut", str(two_episodes), str(tmp_path / "part"), "--episode", "1"]) == 0
    assert "part: 45 messages, 2.00 s" in capsys.readouterr().out
    with BagReader(tmp_path / "part") as part, BagReader(two_episodes) as whole:
        begin, end = START + 1000 + 3 * SECOND, START + 1000 + 5 * SECOND
        expected = [m for m in whole.messages(None, begin, end + 1)]
        (instruction,) = whole.messages(["/instruction"])
        read = list(part.messages())
        assert sorted(read) == sorted([instruction._replace(log_time=begin), *expected])
        assert part.topics["/instruction"].qos == (LATCHED,)
        assert part.custom_data == {"job": "franka_grasp", "cut_from": "two"}
        (episode,) = read_episodes(part)  # not the end of the one before it
        assert episode.instruction == "lift the can"
    with Reader(tmp_path / "part") as reader:
        assert reader.message_count == len(read)


@pytest.mark.parametrize(("margin", "seconds"), [("0.5", 2.0), ("-0.25", 0.5), ("1e300", 6.0)])
def test_an_episode_with_more_or_less_on_either_side(two_episodes, tmp_path, margin, seconds):
    assert main(["bag", "cut", str(two_episodes), str(tmp_path / "part"), "--episode", "0", "--margin", margin]) == 0
    with BagReader(tmp_path / "part") as part:
        assert part.duration_s == pytest.approx(seconds, abs=0.11)


def test_a_part_of_topics(two_episodes, tmp_path):
    words = ["bag", "cut", str(two_episodes), str(tmp_path / "part"), "--topics", "joint_*", "/instruction"]
    assert main([*words, "--exclude", "instruction", "--end", "1.05", "--compat", "humble"]) == 0
    with BagReader(tmp_path / "part") as part:
        assert list(part.topics) == ["/joint_states"]
        assert (part.count, part.files.version) == (11, 5)


def test_a_part_of_a_video_begins_with_a_key_frame(tmp_path):
    compressor, pixels = ImageCompressor("h264"), np.zeros((64, 64, 3), np.uint8)
    writer = BagWriter(tmp_path / "video")
    writer.add_topic("/camera/h264", message_definition(VIDEO), [RELIABLE])
    for number in range(70):
        pixels[:] = number * 3
        at = START + number * SECOND // 10
        writer.write("/camera/h264", at, at, compressor.compress(image(number / 10, pixels)))
    writer.close()
    with BagReader(tmp_path / "video") as reader:
        cut(reader, tmp_path / "part", START + 4 * SECOND, START + 5 * SECOND)
    with BagReader(tmp_path / "part") as part:
        assert part.duration_s == pytest.approx(1.0)
        images, read = ImageReader(VIDEO), []
        for message, decoded in part.decoded("/camera/h264"):
            read.append((message.publish_time, images.read(decoded)))
    # 40 is requested, 30 is the key frame before it.
    assert [(time - START) * 10 // SECOND for time, _ in read] == list(range(30, 51))
    for time, picture in read:
        assert abs(int(picture.mean()) - (time - START) * 10 / SECOND * 3) < 6


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--begin", "9"], "--begin 9: the bag has 0 to 6.00 s"),
        (["--begin", "3", "--end", "2"], "--begin 3 is behind --end 2"),
        (["--episode", "2"], "--episode 2: the bag has 0 to 1"),
        (["--episode", "1", "--end", "2"], "leave out --begin and --end"),
        (["--margin", "1"], "--margin 1: is on either side of an episode: give --episode N"),
        (["--begin", "1", "--margin", "0"], "give --episode N"),
        (["--episode", "0", "--margin", "nan"], "--margin nan: of episode 0 give -0.5 s or more"),
        (["--episode", "0", "--margin", "inf"], "--margin inf: "),
        (["--episode", "0", "--margin", "-0.6"], "--margin -0.6: of episode 0 give -0.5 s or more"),
        (["--topics", "camera/*"], "nothing between 0.00 and 6.00 s of these topics"),
    ],
)
def test_a_part_that_does_not_exist_is_one_line(two_episodes, tmp_path, capsys, words, message):
    assert main(["bag", "cut", str(two_episodes), str(tmp_path / "part"), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_names_choose_topics_in_any_namespace():
    choice = TopicChoice(["cameras/*", "/joint_states"], ["*/depth"])
    chosen = [t for t in ("/cameras/a", "/left/cameras/a", "/joint_states", "/left/joint_states", "/cameras/a/depth")
              if choice(t)]  # fmt: skip
    assert chosen == ["/cameras/a", "/left/cameras/a", "/joint_states"]
    assert TopicChoice()("/anything")


# -- what is wrong -----------------------------------------------------------------------------------------------------
def test_a_whole_bag_has_no_faults(two_episodes, capsys):
    assert check_bag(two_episodes) == []


def broken(path: Path, how: str) -> Path:
    bag = write_bag(path / "arm", SENT, BagSettings(compression="none", chunk_bytes=5000))
    file = bag / "arm_0.mcap"
    data = bytearray(file.read_bytes())
    if how == "truncated":
        file.write_bytes(data[: len(data) // 2])
    elif how == "damaged":
        data[len(data) // 3 : len(data) // 3 + 8] = bytes(8)
        file.write_bytes(data)
    elif how == "counts":
        text = (bag / "metadata.yaml").read_text()
        (bag / "metadata.yaml").write_text(text.replace("message_count: 200", "message_count: 7"))
    return bag


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("truncated", "arm_0.mcap: truncated after"),
        ("damaged", "bytes inside are damaged: `vla bag repair"),
        ("counts", "metadata.yaml counts /joint_states otherwise than the files do"),
    ],
)
def test_a_fault_is_a_line_with_its_remedy(tmp_path, how, expected, capsys):
    bag = broken(tmp_path, how)
    assert main(["bag", "check", str(bag)]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert expected in lines[0]
    assert "vla bag repair" in lines[0]
    if how == "counts":
        (bag / "metadata.yaml").unlink()
    assert main(["bag", "repair", str(bag)]) == 0
    assert check_bag(bag) == []


def test_a_clock_that_went_backwards_is_said(tmp_path):
    times = [0, 1, 2, 3, 1, 2, 3]
    sent = [Sent("/joint_states", JOINT_STATE, START + t * SECOND, joint_state(t, np.zeros(7))) for t in times]
    (fault,) = check_bag(write_bag(tmp_path / "arm", sent))
    assert "/joint_states: the clock of the recording machine went back by 2.000 s" in str(fault)
    with BagReader(tmp_path / "arm") as reader:  # it can be read all the same
        assert [m.log_time - START - 1000 for m in reader.messages()] == sorted(t * SECOND for t in times)


def test_a_bag_without_messages_is_said(tmp_path):
    writer = BagWriter(tmp_path / "nothing")
    writer.add_topic("/joint_states", message_definition(JOINT_STATE))
    (fault,) = check_bag(writer.close())
    assert "no message in it" in str(fault)


def sqlite_bag(path: Path) -> None:
    path.mkdir()
    bag = write_bag(path.parent / "other", SENT[:3])
    text = (bag / "metadata.yaml").read_text().replace("storage_identifier: mcap", "storage_identifier: sqlite3")
    (path / "metadata.yaml").write_text(text)


def without_file(path: Path) -> None:
    bag = write_bag(path, SENT, BagSettings(split_s=0.5))
    (bag / "bag_1.mcap").unlink()


def not_ros(path: Path) -> None:
    from mcap.writer import Writer

    with path.open("wb") as stream:
        writer = Writer(stream)
        writer.start()
        schema = writer.register_schema("thing", "jsonschema", b"{}")
        channel = writer.register_channel("/thing", "json", schema)
        writer.add_message(channel, 1, b"{}", 1)
        writer.finish()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such bag: give the folder that holds metadata.yaml"),
        (lambda path: path.mkdir(), "neither metadata.yaml nor an .mcap file in it: not a bag"),
        (lambda path: path.write_bytes(b""), "empty: nothing was recorded into it; delete it"),
        (lambda path: path.write_bytes(b"#ROSBAG V2.0\n....."), "a bag of ROS 1: `rosbags-convert`"),
        (lambda path: path.write_bytes(b"SQLite format 3\0...."), "a bag in sqlite3: `ros2 bag convert`"),
        (lambda path: path.write_bytes(b"\x7fELF" + bytes(50)), "not an MCAP file"),
        (lambda path: path.write_bytes(b"\x89MCAP0\r\n" + bytes(20)), "truncated or damaged: `vla bag repair"),
        (sqlite_bag, "stored as sqlite3: `ros2 bag convert` makes mcap of it"),
        (without_file, "bag_1.mcap is missing: put it back, or `vla bag repair"),
        (not_ros, "topic /thing is no ROS 2 message in CDR"),
    ],
)
def test_what_is_no_bag_is_one_line_with_the_remedy(tmp_path, make, message, capsys):
    make(tmp_path / "bag")
    for action in ("info", "check"):
        if action == "check" and make is not_ros:
            continue  # it is whole, whatever it holds
        if message.startswith("truncated") and action == "check":
            continue
        assert main(["bag", action, str(tmp_path / "bag")]) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1


def test_a_topic_that_is_not_there_is_named_with_the_nearest(two_episodes):
    with (
        BagReader(two_episodes) as reader,
        pytest.raises(BagError, match="unknown topic '/joint_state': did you mean '/joint_states'"),
    ):
        list(reader.messages(["/joint_state"]))


def test_a_message_that_is_not_of_its_type_is_named(tmp_path):
    bag = write_bag(tmp_path / "arm", [Sent("/image", IMAGE, START, b"\0\1\0\0nothing")])
    with (
        BagReader(bag) as reader,
        pytest.raises(BagError, match="a message of 'sensor_msgs/msg/Image' is not readable"),
    ):
        list(reader.decoded("/image"))


def test_a_file_of_a_bag_can_be_read_alone(two_episodes, tmp_path):
    shutil.copy(two_episodes / "two_0.mcap", tmp_path / "alone.mcap")
    with BagReader(tmp_path / "alone.mcap") as reader, BagReader(two_episodes) as whole:
        assert list(reader.messages()) == list(whole.messages())
        assert reader.custom_data == {"job": "franka_grasp"}

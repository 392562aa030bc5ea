# SPDX-License-Identifier: Apache-2.0
"""Bags that were torn: by a kill, a full disk, a bad sector. What is whole in them must come back, and no more."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from assets import ROOT
from bags.bag_making import START, arm_at_work, string, write_bag
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import NonSeekingReader
from rosbags.rosbag2 import Reader
from slow_tests import trials

from vla_ros.cli import main
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.mcap.scan import scan
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.repair import repair
from vla_ros.data.bags.writer import BagSettings, BagWriter

SENT = list(arm_at_work())
KNOWN = {(s.topic, s.time + 1000): s.data for s in SENT}


def read_by_others(bag: Path) -> list[tuple[str, int, bytes]]:
    """Return all messages as rosbags has them, after the `mcap` package has gone through every checksum."""
    count = 0
    for file in bag.glob("*.mcap"):
        with file.open("rb") as stream:
            count += sum(1 for _ in NonSeekingReader(stream, validate_crcs=True).iter_messages())
    with Reader(bag) as reader:
        messages = [(c.topic, time, bytes(data)) for c, time, data in reader.messages()]
        assert reader.message_count == len(messages) == count
    return messages


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    settings = BagSettings(chunk_bytes=2500, compression="none")
    return write_bag(tmp_path_factory.mktemp("whole") / "arm", SENT, settings, {"job": "franka_grasp"})


def torn(whole: Path, folder: Path, size: int) -> Path:
    """Return what would be there had the recorder been killed with so many bytes written."""
    partial = folder / "arm.partial"
    partial.mkdir(parents=True)
    data = (whole / "arm_0.mcap").read_bytes()
    (partial / "arm_0.mcap").write_bytes(data[:size])
    (partial / ".reserve").write_bytes(bytes(100))
    return partial


@settings(max_examples=trials(40, 150))
@given(share=st.floats(0.0, 1.0))
def test_torn_anywhere_it_is_whole_up_to_the_last_chunk(share, whole, tmp_path_factory):
    size = (whole / "arm_0.mcap").stat().st_size
    partial = torn(whole, tmp_path_factory.mktemp("torn"), round(share * size))
    with BagReader(whole) as reader:
        (file,) = reader._readers
        ends = [c.chunk_start_offset + c.chunk_length for c in file[1].chunk_indexes]
        count = sum(end <= round(share * size) for end in ends)
        last = sorted(c.message_end_time for c in file[1].chunk_indexes)[:count]
    if not count:
        with pytest.raises(BagError, match="nothing"):
            repair(partial)
        return
    done = repair(partial)
    assert done.bag == partial.with_name("arm")
    assert not partial.exists()
    assert sorted(path.name for path in done.bag.iterdir()) == ["arm_0.mcap", "metadata.yaml"]
    messages = read_by_others(done.bag)
    assert all(KNOWN[topic, time] == data for topic, time, data in messages)
    assert {(topic, time) for topic, time, _ in messages} == {key for key in KNOWN if key[1] <= max(last)}
    assert done.messages == len(messages)
    with BagReader(done.bag) as reader:
        assert reader.custom_data["job"] == "franka_grasp"
        assert reader.topics["/instruction"].qos[0].latched
        assert reader.topics["/joint_states"].definition.type_hash.startswith("RIHS01_")
    assert scan(done.bag / "arm_0.mcap").whole


def test_a_damaged_place_costs_its_own_chunk_alone(whole, tmp_path):
    bag = tmp_path / "arm"
    shutil.copytree(whole, bag)
    data = bytearray((bag / "arm_0.mcap").read_bytes())
    with BagReader(whole) as reader:
        chunk = reader._readers[0][1].chunk_indexes[7]
    middle = chunk.chunk_start_offset + chunk.chunk_length // 2
    data[middle : middle + 40] = bytes(40)
    (bag / "arm_0.mcap").write_bytes(data)
    with BagReader(bag) as reader:
        lost = {m[:2] for m in KNOWN if chunk.message_start_time <= m[1] <= chunk.message_end_time}
        assert reader.count == len(SENT)
    done = repair(bag)
    messages = read_by_others(done.bag)
    assert {key[:2] for key in KNOWN} - {(t, time) for t, time, _ in messages} <= lost
    assert 0 < len(SENT) - len(messages) < 30
    assert all(KNOWN[topic, time] == content for topic, time, content in messages)
    assert (bag / "arm_0.mcap.damaged").read_bytes() == bytes(data)
    assert done.lost_bytes >= chunk.chunk_length


def test_a_damaged_place_in_a_torn_file_costs_its_own_chunk_alone(whole, tmp_path):
    """Nothing at its end says where chunks are any more."""
    with BagReader(whole) as reader:
        chunks = reader._readers[0][1].chunk_indexes
    end = chunks[20].chunk_start_offset + 100
    for name, place in (("inside", chunks[7].chunk_start_offset + 200), ("last", chunks[19].chunk_start_offset + 200)):
        partial = torn(whole, tmp_path / name, end)
        file = partial / "arm_0.mcap"
        data = bytearray(file.read_bytes())
        data[place : place + 40] = bytes(40)
        file.write_bytes(data)
        done = repair(partial)
        messages = read_by_others(done.bag)
        bad = next(c for c in chunks if c.chunk_start_offset <= place < c.chunk_start_offset + c.chunk_length)
        kept = [c for c in chunks[:20] if c is not bad]
        found = {(topic, time) for topic, time, _ in messages}
        assert {time for _, time in found} >= {c.message_start_time for c in kept} | {c.message_end_time for c in kept}
        assert all(KNOWN[topic, time] == content for topic, time, content in messages)
        assert (done.bag / "arm_0.mcap.damaged").read_bytes() == data


def test_what_follows_a_place_of_which_nothing_is_known_is_kept_beside_the_bag(whole, tmp_path):
    with BagReader(whole) as reader:
        chunks = reader._readers[0][1].chunk_indexes
    partial = torn(whole, tmp_path, chunks[20].chunk_start_offset)
    data = bytearray((partial / "arm_0.mcap").read_bytes())
    data[chunks[5].chunk_start_offset : chunks[5].chunk_start_offset + 512] = random.Random(0).randbytes(512)
    (partial / "arm_0.mcap").write_bytes(data)
    done = repair(partial)
    assert done.lost_bytes == len(data) - chunks[5].chunk_start_offset
    assert len(read_by_others(done.bag)) == done.messages > 0
    assert (done.bag / "arm_0.mcap.damaged").read_bytes() == data


def test_zeros_that_a_power_cut_leaves_behind_are_cut_off(whole, tmp_path):
    with BagReader(whole) as reader:
        end = reader._readers[0][1].chunk_indexes[20].chunk_start_offset
    expected = repair(torn(whole, tmp_path / "torn", end))
    partial = torn(whole, tmp_path / "zeros", end)
    with (partial / "arm_0.mcap").open("ab") as file:
        file.write(bytes(3_000_000))
    done = repair(partial)
    assert (done.messages, done.repaired, done.lost_bytes) == (expected.messages, ("arm_0.mcap",), 3_000_000)
    assert sorted(path.name for path in done.bag.iterdir()) == ["arm_0.mcap", "metadata.yaml"]


def test_a_file_of_several_of_which_nothing_can_be_read_is_kept(tmp_path, capsys):
    bag = write_bag(tmp_path / "arm", SENT, BagSettings(split_s=0.5, chunk_bytes=2000))
    partial = bag.rename(tmp_path / "arm.partial")
    data = bytearray((partial / "arm_1.mcap").read_bytes()[:20_000])
    data[8:19_000] = random.Random(0).randbytes(18_992)
    (partial / "arm_1.mcap").write_bytes(data)
    assert main(["bag", "repair", str(partial)]) == 0
    assert "arm_1.mcap: nothing of it can be read, kept as arm_1.mcap.damaged" in capsys.readouterr().out
    assert (bag / "arm_1.mcap.damaged").read_bytes() == data
    assert read_by_others(bag)


def test_what_is_whole_is_not_touched(whole, tmp_path):
    bag = tmp_path / "arm"
    shutil.copytree(whole, bag)
    before = (bag / "arm_0.mcap").read_bytes()
    done = repair(bag)
    assert (done.repaired, done.removed, done.lost_bytes, done.messages) == ((), (), 0, len(SENT))
    assert (bag / "arm_0.mcap").read_bytes() == before
    assert (bag / "metadata.yaml").read_text() == (whole / "metadata.yaml").read_text()


def test_metadata_that_is_gone_is_written_anew(tmp_path):
    bag = write_bag(tmp_path / "arm", SENT, BagSettings(split_s=0.5), {"job": "x"})
    text = (bag / "metadata.yaml").read_text()
    (bag / "metadata.yaml").write_text("nonsense: [")
    with pytest.raises(BagError, match=r"not metadata of rosbag2.*vla bag repair"):
        BagReader(bag)
    repair(bag)
    assert (bag / "metadata.yaml").read_text() == text


def test_of_several_files_only_the_torn_one_changes_and_an_empty_one_goes(tmp_path):
    bag = write_bag(tmp_path / "arm", SENT, BagSettings(split_s=0.5, chunk_bytes=2000))
    partial = bag.rename(tmp_path / "arm.partial")
    (partial / "metadata.yaml").unlink()
    first = (partial / "arm_0.mcap").read_bytes()
    with (partial / "arm_3.mcap").open("r+b") as file:
        file.truncate(20_000)
    (partial / "arm_4.mcap").write_bytes(b"")
    done = repair(partial)
    assert (done.repaired, done.removed) == (("arm_3.mcap",), ("arm_4.mcap",))
    assert (done.bag / "arm_0.mcap").read_bytes() == first
    messages = read_by_others(done.bag)
    assert len([m for m in messages if m[1] < START + 1_500_000_000]) == len(
        [s for s in SENT if s.time < START + 1_499_999_000]
    )


def test_a_bag_by_the_mcap_packages_own_writer_is_repaired_too(tmp_path):
    from mcap_ros2.writer import Writer

    path = tmp_path / "foreign.mcap"
    with path.open("wb") as stream:
        writer = Writer(stream, chunk_size=1000)
        schema = writer.register_msgdef("std_msgs/msg/String", "string data")
        for number in range(500):
            writer.write_message("/word", schema, {"data": f"word {number}"}, START + number, START + number)
        writer.finish()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(BagError, match="truncated or damaged: `vla bag repair"):
        BagReader(path)
    done = repair(path)
    with BagReader(path) as reader:
        words = [message.data for _, message in reader.decoded("/word")]
    assert words == [f"word {i}" for i in range(len(words))]
    assert 100 < len(words) == done.messages


RECORDER = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from bags.bag_making import arm_at_work
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.reader import BagMessage
from vla_ros.data.bags.recording import Recording, RecordingSettings
from vla_ros.data.bags.writer import BagWriter
sent = list(arm_at_work(images=True))
recording = Recording(BagWriter(Path(sys.argv[1])), RecordingSettings(free_bytes=0))
for message in sent[:3]:
    recording.add_topic(message.topic, message_definition(message.type), [])
print("ready", flush=True)
number = 0
while True:
    for message in sent:
        now = time.time_ns()
        recording.put(BagMessage(message.topic, now, now, message.data, number))
        number += 1
        time.sleep(0.001)
"""


def test_a_recorder_that_is_killed_at_any_moment_loses_less_than_a_second(tmp_path, environment):
    """Ten kills, fifty with --slow, each at a moment of its own."""
    moments, kills = random.Random(5), trials(10, 50)
    script, here = tmp_path / "recorder.py", str(ROOT / "test" / "support")
    script.write_text(RECORDER)
    started = []
    killed: dict[Path, int] = {}
    for number in range(kills):
        bag = tmp_path / f"bag{number}"
        words = [sys.executable, "-P", str(script), str(bag), here]
        process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, text=True)
        started.append((process, bag))
        if len(started) < 5 and number < kills - 1:
            continue
        for process, _ in started:
            assert process.stdout.readline() == "ready\n"
        begin = time.monotonic()
        for process, bag in started:
            time.sleep(max(0.0, begin + moments.uniform(1.2, 3.0) - time.monotonic()))
            process.send_signal(signal.SIGKILL)
            killed[bag] = time.time_ns()
            process.wait()
            process.stdout.close()
        started.clear()
    for bag, moment in killed.items():
        done = repair(bag.with_name(f"{bag.name}.partial"))
        messages = read_by_others(done.bag)
        assert len(messages) == done.messages > 10
        newest = max(time for _, time, _ in messages)
        assert 0 <= moment - newest < 1_000_000_000, bag
        with BagReader(done.bag) as reader:  # nothing is missing in between
            numbers = [message.sequence for message in reader.messages()]
        assert numbers == list(range(len(numbers)))


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("mount"), reason="a small file system needs mount and root")
def test_a_disk_that_is_really_full_leaves_a_whole_bag(tmp_path):
    from bags.small_recorder import message, record
    from eventually import eventually

    from vla_ros.data.bags.recording import RecordingSettings

    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("no permission to mount")
    try:
        recording = record(folder / "arm", RecordingSettings(free_bytes=0))
        rng = random.Random(1)
        for number in range(400):
            recording.put(message("/word", START + number, rng.randbytes(100_000)))
        assert eventually(lambda: recording.status.problem == "the disk is full")
        bag = recording.close()
        messages = read_by_others(bag)
        assert 3 < len(messages) == recording.status.messages
        again = random.Random(1)
        assert all(data == again.randbytes(100_000) for _, _, data in messages)
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: None, "no such bag"),
        (lambda path: path.mkdir(), "no .mcap file in it: nothing to repair"),
        (lambda path: path.write_bytes(b""), "empty: nothing was recorded into it; delete it"),
        (lambda path: path.write_bytes(b"#ROSBAG V2.0\n"), "a bag of ROS 1"),
        (lambda path: path.write_bytes(b"PK\x03\x04 something"), "not an MCAP file"),
        (lambda path: path.write_bytes(b"\x89MCAP0\r\n" + bytes(40)), "no whole message in it"),
    ],
)
def test_what_cannot_be_repaired_is_one_line(tmp_path, make, expected):
    make(tmp_path / "bag")
    with pytest.raises(BagError, match=expected):
        repair(tmp_path / "bag")


def test_what_a_living_recorder_writes_is_left_alone_its_files_too(tmp_path):
    writer = BagWriter(tmp_path / "arm", BagSettings(chunk_bytes=2000))
    writer.add_topic("/word", message_definition("std_msgs/msg/String"))
    for i in range(100):
        writer.write("/word", START + i, START + i, string("a word" * 10))
    file = tmp_path / "arm.partial" / "arm_0.mcap"
    before = file.read_bytes()
    for path in (file.parent, file):
        with pytest.raises(BagError, match="is being recorded: end the recorder first"):
            repair(path)
    assert file.read_bytes() == before
    writer.close()


def test_nothing_is_written_through_a_link(whole, tmp_path):
    """A bag comes from anybody: a link in it must not have a file of one's own cut off or overwritten."""
    partial = torn(whole, tmp_path, (whole / "arm_0.mcap").stat().st_size - 100)
    file, mine, words = partial / "arm_0.mcap", tmp_path / "mine.mcap", tmp_path / "words"
    data = file.read_bytes()
    file.rename(mine)
    file.symlink_to(mine)
    with pytest.raises(BagError, match=r"is a link, and what lies elsewhere is not written to: repair .*mine\.mcap"):
        repair(partial)
    assert mine.read_bytes() == data
    file.unlink()
    words.write_text("my own words")
    (partial / ".metadata.yaml").symlink_to(words)
    file.write_bytes(data)
    assert repair(partial).messages
    assert words.read_text() == "my own words"

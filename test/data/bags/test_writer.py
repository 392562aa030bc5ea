# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from bags.bag_making import IMAGE, JOINT_STATE, RELIABLE, START, arm_at_work, joint_state, string, write_bag
from full_disk import FullDisk
from hypothesis import given, settings
from hypothesis import strategies as st
from mcap.reader import NonSeekingReader, SeekingReader
from mcap_ros2.decoder import DecoderFactory
from rosbags.highlevel import AnyReader
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore

from controllers.errors import ConfigError
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.offered_qos import INFINITE
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.writer import BagSettings, BagWriter

SENT = list(arm_at_work())
VARIANTS = {
    "zstd": BagSettings(),
    "none": BagSettings(compression="none"),
    "small chunks": BagSettings(chunk_bytes=2000),
    "split by size": BagSettings(split_bytes=20_000, chunk_bytes=4000, compression="none"),
    "split by time": BagSettings(split_s=0.5),
    "humble": BagSettings(distribution="humble"),
}


@pytest.fixture(scope="module", params=VARIANTS)
def bag(request, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("bags") / "arm"
    return write_bag(path, SENT, VARIANTS[request.param], {"job": "franka_grasp"})


def expected(topic: str | None = None) -> list[tuple[str, int, bytes]]:
    return sorted((s.topic, s.time + 1000, s.data) for s in SENT if topic in (None, s.topic))


def test_rosbags_reads_every_message_as_it_was_sent(bag):
    with Reader(bag) as reader:
        read = sorted((c.topic, time, bytes(data)) for c, time, data in reader.messages())
        assert reader.message_count == len(SENT)
        assert reader.start_time == START + 1000
        assert {c.topic: c.msgtype for c in reader.connections} == {s.topic: s.type for s in SENT}
        latched = next(c for c in reader.connections if c.topic == "/instruction")
        (profile,) = latched.ext.offered_qos_profiles
        assert (profile.durability.name, profile.depth, profile.history.name) == ("TRANSIENT_LOCAL", 1, "KEEP_LAST")
    assert read == expected()


def test_rosbags_decodes_by_the_definitions_inside_and_finds_the_same_hashes(bag):
    store = get_typestore(Stores.ROS2_JAZZY)
    with AnyReader([bag]) as reader:
        names = [c for c in reader.connections if c.topic == "/joint_states"]
        times = [store and reader.deserialize(data, c.msgtype).header.stamp for c, _, data in reader.messages(names)]
    stamps = [t.sec + t.nanosec * 1e-9 for t in times]
    np.testing.assert_allclose(stamps, np.arange(200) * 0.01, atol=1e-9)
    for name in (IMAGE, JOINT_STATE):
        assert message_definition(name).type_hash == store.hash_rihs01(name)


def test_mcap_ros2_reads_every_message_as_it_was_sent(bag):
    files = sorted(bag.glob("*.mcap"), key=lambda p: int(p.stem.rpartition("_")[2]))
    read, positions = [], []
    for file in files:
        with file.open("rb") as stream:
            reader = SeekingReader(stream, decoder_factories=[DecoderFactory()])
            for _, channel, message, decoded in reader.iter_decoded_messages():
                read.append((channel.topic, message.log_time, message.data))
                if channel.topic == "/joint_states":
                    positions.append(list(decoded.position))
    assert sorted(read) == expected()
    np.testing.assert_allclose(positions[100], 0.3 * np.sin(1.0 + np.arange(7.0)))


def test_a_reader_that_goes_from_front_to_back_needs_no_summary_and_finds_every_checksum_right(bag):
    read = []
    for file in bag.glob("*.mcap"):
        with file.open("rb") as stream:
            for _, channel, message in NonSeekingReader(stream, validate_crcs=True).iter_messages():
                read.append((channel.topic, message.log_time, message.data))
    assert sorted(read) == expected()


def test_the_summary_says_what_the_file_holds(bag):
    total = 0
    for file in bag.glob("*.mcap"):
        with file.open("rb") as stream:
            reader = SeekingReader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
            summary, messages = reader.get_summary(), list(reader.iter_messages())
            assert reader.get_header().profile == "ros2"
        times = [message.log_time for _, _, message in messages]
        assert summary.statistics.message_count == len(messages)
        assert (summary.statistics.message_start_time, summary.statistics.message_end_time) == (min(times), max(times))
        assert summary.statistics.chunk_count == len(summary.chunk_indexes)
        total += len(messages)
        for number, count in summary.statistics.channel_message_counts.items():
            assert count == sum(message.channel_id == number for _, _, message in messages)
    assert total == len(SENT)


def test_our_reader_gives_the_same(bag):
    with BagReader(bag) as reader:
        messages = list(reader.messages())
        assert [m.log_time for m in messages] == sorted(m.log_time for m in messages)
        assert sorted((m.topic, m.log_time, m.data) for m in messages) == expected()
        assert all(m.publish_time == m.log_time - 1000 for m in messages)
        assert {name: topic.count for name, topic in reader.topics.items()} == {
            "/instruction": 1, "/joint_states": 200, "/cameras/front/color/image_raw": 20,
        }  # fmt: skip
        assert (reader.start, reader.count) == (START + 1000, len(SENT))
        assert reader.duration_s == pytest.approx(1.99)
        half = START + 1_000_000_000
        assert len(list(reader.messages(["/joint_states"], half))) == 100
        q = [state.position for _, state in reader.decoded("/joint_states")]
        np.testing.assert_array_equal(q[7], 0.3 * np.sin(0.07 + np.arange(7.0)))
        assert reader.custom_data == {"job": "franka_grasp"}


def test_metadata_is_rosbag2s_of_version_9(tmp_path):
    bag = write_bag(tmp_path / "arm", SENT, None, {"job": "franka_grasp"})
    text = (bag / "metadata.yaml").read_text()
    content = yaml.safe_load(text)["rosbag2_bagfile_information"]
    assert (content["version"], content["storage_identifier"], content["ros_distro"]) == (9, "mcap", "jazzy")
    assert content["starting_time"] == {"nanoseconds_since_epoch": START + 1000}
    assert content["duration"] == {"nanoseconds": 1_990_000_000}
    assert content["relative_file_paths"] == ["arm_0.mcap"] == [f["path"] for f in content["files"]]
    assert content["files"][0]["message_count"] == content["message_count"] == len(SENT)
    assert (content["compression_format"], content["compression_mode"]) == ("", "")
    assert content["custom_data"] == {"job": "franka_grasp"}
    states = next(t for t in content["topics_with_message_count"] if t["topic_metadata"]["name"] == "/joint_states")
    assert states["message_count"] == 200
    topic = states["topic_metadata"]
    assert (topic["serialization_format"], topic["type"]) == ("cdr", JOINT_STATE)
    assert topic["type_description_hash"].startswith("RIHS01_a13ee3a330e346c9")
    (profile,) = topic["offered_qos_profiles"]
    assert (profile["history"], profile["reliability"], profile["durability"]) == ("keep_last", "reliable", "volatile")
    assert profile["deadline"] == {"sec": 9223372036, "nsec": 854775807} == profile["liveliness_lease_duration"]
    with BagReader(bag) as reader:  # rosbag2 keeps the same inside each file
        assert yaml.safe_load(reader.metadata_records()["rosbag2"]["serialized_metadata"]) == yaml.safe_load(text)
        assert reader.topics["/joint_states"].qos == (RELIABLE,)
        assert reader.topics["/joint_states"].qos[0].lifespan == INFINITE


def test_humble_gets_version_5_with_numbers_for_policies(tmp_path):
    bag = write_bag(tmp_path / "arm", SENT, BagSettings(distribution="humble"))
    content = yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert content["version"] == 5
    assert not {"ros_distro", "custom_data"} & content.keys()
    topic = content["topics_with_message_count"][0]["topic_metadata"]
    assert "type_description_hash" not in topic
    (profile,) = yaml.safe_load(topic["offered_qos_profiles"])
    assert (profile["history"], profile["reliability"], profile["durability"]) == (1, 1, 1)
    with (bag / "arm_0.mcap").open("rb") as stream:
        channels = SeekingReader(stream).get_summary().channels.values()
    assert all(list(channel.metadata) == ["offered_qos_profiles"] for channel in channels)


def test_splits_follow_each_other(tmp_path):
    bag = write_bag(tmp_path / "arm", SENT, BagSettings(split_s=0.5))
    content = yaml.safe_load((bag / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert content["relative_file_paths"] == [f"arm_{i}.mcap" for i in range(4)]
    starts = [f["starting_time"]["nanoseconds_since_epoch"] for f in content["files"]]
    assert [round((s - starts[0]) * 1e-9, 3) for s in starts] == [0.0, 0.5, 1.0, 1.5]
    assert sum(f["message_count"] for f in content["files"]) == len(SENT)


def test_an_empty_bag_is_one_that_others_open(tmp_path):
    writer = BagWriter(tmp_path / "nothing")
    writer.add_topic("/joint_states", message_definition(JOINT_STATE), [RELIABLE])
    bag = writer.close()
    with Reader(bag) as reader:
        assert (reader.message_count, list(reader.messages())) == (0, [])
    with BagReader(bag) as reader:
        assert (reader.count, reader.duration_s, list(reader.topics)) == (0, 0.0, ["/joint_states"])


def test_it_appears_under_its_name_only_when_it_is_whole(tmp_path):
    writer = BagWriter(tmp_path / "arm")
    assert not (tmp_path / "arm").exists()
    assert (tmp_path / "arm.partial" / "arm_0.mcap").is_file()
    with pytest.raises(BagError, match=r"was not finished: `vla bag repair .*arm\.partial`"):
        BagReader(tmp_path / "arm")
    with pytest.raises(BagError, match="not finished: `vla bag repair"):
        BagWriter(tmp_path / "arm")
    writer.close()
    assert sorted(path.name for path in (tmp_path / "arm").iterdir()) == ["arm_0.mcap", "metadata.yaml"]
    assert not (tmp_path / "arm.partial").exists()
    with pytest.raises(BagError, match="exists already: name a new folder"):
        BagWriter(tmp_path / "arm")


def test_a_chunk_waits_no_longer_than_it_may(tmp_path, monkeypatch):
    now = [0.0]
    monkeypatch.setattr("vla_ros.data.bags.mcap.file.time.monotonic", lambda: now[0])
    writer = BagWriter(tmp_path / "arm", BagSettings(chunk_s=0.5))
    writer.add_topic("/word", message_definition("std_msgs/msg/String"))
    writer.write("/word", 1, 1, string("a"))
    writer.flush_old()
    assert writer.count == 0
    now[0] = 0.5
    writer.flush_old()
    assert writer.count == 1


@settings(max_examples=60)
@given(room=st.integers(1, 60_000))
def test_a_disk_that_fills_up_costs_the_last_chunk_alone(room, tmp_path_factory):
    folder = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as monkeypatch:
        disk = FullDisk(monkeypatch)
        writer = BagWriter(folder / "arm", BagSettings(compression="none", chunk_bytes=3000))
        for message in SENT:
            writer.add_topic(message.topic, message_definition(message.type))
        disk.left, written, full = room, [], False
        for message in SENT:
            try:
                writer.write(message.topic, message.time, message.time, message.data)
                written.append((message.topic, message.time, message.data))
            except OSError:
                full = True
                break
        disk.left = float("inf")  # the reserve is given back
        count = writer.count
        bag = writer.close()
    assert full
    with Reader(bag) as reader:
        read = [(c.topic, time, bytes(data)) for c, time, data in reader.messages()]
        assert reader.message_count == len(read) == count
    assert sorted(read) == sorted(written[: len(read)])
    assert sum(len(data) + 31 for _, _, data in written[len(read) :]) < 3000 + 2500  # a chunk, and what ended it


def test_a_bag_that_cannot_be_ended_says_how_to_go_on(tmp_path, monkeypatch):
    disk = FullDisk(monkeypatch)
    writer = BagWriter(tmp_path / "arm")
    writer.add_topic("/joint_states", message_definition(JOINT_STATE))
    writer.write("/joint_states", 1, 1, joint_state(0.0, np.zeros(7)))
    disk.left = 10
    with pytest.raises(BagError, match=r"No space left on device\): make room, then `vla bag repair"):
        writer.close()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"compression": "lz4"}, "compression 'lz4': give one of none, zstd"),
        ({"distribution": "foxy"}, "compat 'foxy': give one of jazzy, humble"),
        ({"level": 0}, "give 1 to 22"),
        ({"split_s": -1.0}, "split_s must be >= 0"),
        ({"chunk_s": 0.0}, "must be > 0"),
    ],
)
def test_settings_are_checked(given, message):
    with pytest.raises(ConfigError, match=message):
        BagSettings(**given)


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BagError, match="cannot be written"):
        BagWriter(tmp_path / "file" / "arm")

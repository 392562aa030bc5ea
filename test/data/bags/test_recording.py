# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import namedtuple

import numpy as np
import pytest
from bags.bag_making import IMAGE, RELIABLE, START, STRING, arm_at_work, codec, image, string
from bags.small_recorder import COLOR, DEPTH, message, record
from eventually import eventually
from hypothesis import given
from hypothesis import strategies as st

from controllers.errors import ConfigError
from vla_ros.data.bags.message_definitions import JPEG, VIDEO
from vla_ros.data.bags.preroll import Preroll
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.recording import RecordingSettings
from vla_ros.data.bags.sequence_gaps import SequenceGaps
from vla_ros.data.bags.writer import BagWriter

Usage = namedtuple("Usage", "total used free")


def test_all_that_is_put_is_in_the_bag(tmp_path):
    recording = record(tmp_path / "arm")
    sent = [message(s.topic, s.time, s.data) for s in arm_at_work()]
    for item in sent:
        recording.put(item)
    assert recording.close() == tmp_path / "arm"
    with BagReader(tmp_path / "arm") as reader:
        assert sorted(reader.messages()) == sorted(sent)
    assert recording.status.dropped == 0
    assert recording.waiting == 0


@pytest.mark.parametrize(("form", "suffix", "kind"), [("jpeg", "/compressed", JPEG), ("h264", "/h264", VIDEO)])
def test_colour_is_compressed_and_depth_is_not(tmp_path, form, suffix, kind):
    recording = record(tmp_path / "arm", RecordingSettings(images=form))
    pixels = np.full((24, 32, 3), 90, np.uint8)
    depth = image(0.0, np.full((24, 32), 700, np.uint16), "16UC1")
    for number in range(5):
        recording.put(message(COLOR, START + number, image(float(number), pixels)))
        recording.put(message(DEPTH, START + number, depth))
    recording.close()
    with BagReader(tmp_path / "arm") as reader:
        assert reader.topics[COLOR + suffix].type == kind
        assert reader.topics[COLOR + suffix].count == 5
        assert reader.topics[COLOR + suffix].qos == (RELIABLE,)
        assert COLOR not in reader.topics
        assert [m.data for m in reader.messages([DEPTH])] == [depth] * 5
        assert [m.log_time for m in reader.messages([COLOR + suffix])] == [START + i for i in range(5)]


def test_a_torn_image_is_counted_and_the_rest_goes_on(tmp_path):
    recording = record(tmp_path / "arm", RecordingSettings(images="jpeg"))
    whole = image(0.0, np.full((24, 32, 3), 90, np.uint8))
    torn = codec.decode(IMAGE, whole)
    torn.data = torn.data[:50]
    for number, data in enumerate((whole, codec.encode(IMAGE, torn), whole)):
        recording.put(message(COLOR, START + number, data))
    recording.close()
    assert (recording.status.dropped, recording.status.problem) == (1, "")
    with BagReader(tmp_path / "arm") as reader:
        assert reader.topics[COLOR + "/compressed"].count == 2
        assert reader.custom_data["dropped"] == "1"


def test_what_finds_the_queue_full_is_dropped_and_counted(tmp_path, monkeypatch):
    go_on = []
    write = BagWriter.write

    def slow(self, *arguments):
        assert eventually(lambda: go_on)
        write(self, *arguments)

    monkeypatch.setattr(BagWriter, "write", slow)
    recording = record(tmp_path / "arm", RecordingSettings(queue_bytes=10_000))
    for number in range(100):
        recording.put(message("/word", START + number, string("x" * 1000)))
    assert recording.waiting < 12_000
    dropped = recording.status.dropped
    assert 85 <= dropped <= 91
    go_on.append(True)
    recording.close()
    with BagReader(tmp_path / "arm") as reader:
        assert reader.count == 100 - dropped
        assert reader.custom_data["dropped"] == str(dropped)


def test_it_ends_the_bag_before_the_disk_is_full(tmp_path, monkeypatch):
    free = [10**9]
    monkeypatch.setattr("vla_ros.data.bags.recording.shutil.disk_usage", lambda path: Usage(0, 0, free[0]))
    recording = record(tmp_path / "arm", RecordingSettings(free_bytes=500_000_000))
    recording.put(message("/word", START, string("kept")))
    assert eventually(lambda: recording.status.messages == 1)
    assert recording.status.problem == ""
    free[0] = 400_000_000
    assert eventually(lambda: recording.status.problem)
    assert recording.status.problem == "only 400 MB are free, 500 MB are to remain"
    recording.put(message("/word", START + 1, string("too late")))
    recording.close()
    with BagReader(tmp_path / "arm") as reader:
        assert reader.count == 1
        assert "400 MB" in reader.custom_data["ended"]


def test_a_disk_that_is_full_ends_the_bag_whole(tmp_path, monkeypatch):
    from full_disk import FullDisk

    disk = FullDisk(monkeypatch)
    recording = record(tmp_path / "arm")
    recording.put(message("/word", START, string("kept")))
    assert eventually(lambda: recording.status.messages == 1)
    disk.left = 10
    recording.put(message("/word", START + 1, string("no room")))
    assert eventually(lambda: recording.status.problem == "the disk is full")
    disk.left = 10**6
    recording.close()
    with BagReader(tmp_path / "arm") as reader:
        assert [codec.decode(STRING, m.data).data for m in reader.messages()] == ["kept"]


def test_only_episodes_are_kept_with_what_was_before_and_after(tmp_path):
    recording = record(tmp_path / "arm", RecordingSettings(preroll_s=2.0, postroll_s=0.0))
    second = 1_000_000_000
    recording.put(message("/instruction", START, string("lift")))
    for number in range(10):
        recording.put(message("/word", START + number * second, string(f"before {number}")))
    assert eventually(lambda: recording.waiting == 0)
    assert recording.status.waits_for_episode
    recording.begin_episode()
    recording.put(message("/word", START + 10 * second, string("during")))
    recording.end_episode()
    assert eventually(lambda: recording.status.waits_for_episode)
    recording.put(message("/word", START + 11 * second, string("between")))
    recording.put(message("/word", START + 20 * second, string("again before")))
    recording.begin_episode()
    recording.close()
    with BagReader(tmp_path / "arm") as reader:
        words = [codec.decode(STRING, m.data).data for m in reader.messages()]
        first = next(reader.messages())
    assert words == ["lift", "before 7", "before 8", "before 9", "during", "again before"]
    # The instruction is older than the pre-roll: it is as if it had been received when that began.
    assert (first.log_time, first.publish_time) == (START + 7 * second, START)


def test_an_error_nobody_foresaw_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(BagWriter, "write", lambda *arguments: 1 / 0)
    recording = record(tmp_path / "arm")
    recording.put(message("/word", START, string("")))
    assert eventually(lambda: recording.status.problem == "ZeroDivisionError: division by zero")
    recording.close()


@pytest.mark.parametrize(
    ("given", "expected"), [({"images": "png"}, "give one of raw, jpeg, h264"), ({"queue_bytes": 0}, "not 0")]
)
def test_settings_are_checked(given, expected):
    with pytest.raises(ConfigError, match=expected):
        RecordingSettings(**given)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.booleans()), max_size=60))
def test_the_pre_roll_keeps_the_last_seconds_and_what_is_latched(steps):
    preroll, sent, now = Preroll(3.0), [], 0
    for step, latched in steps:
        now += step * 1_000_000
        item = message("/latched" if latched else "/stream", now, bytes(8))
        preroll.add(item, latched)
        sent.append((item, latched))
    streamed = [m for m, latched in sent if not latched and m.log_time >= now - 3_000_000_000]
    held = [m for m, latched in sent if latched][-16:]
    kept = preroll.take()
    assert [m for m in kept if m.topic == "/stream"] == streamed
    assert [m.publish_time for m in kept if m.topic == "/latched"] == [m.publish_time for m in held]
    assert [m.log_time for m in kept] == sorted(m.log_time for m in kept)
    assert preroll.take() == []


@given(st.lists(st.booleans(), min_size=1), st.integers(1, 10**6))
def test_what_never_arrived_from_a_publisher_is_counted_exactly(arrived, first):
    numbers = [first + i for i, there in enumerate(arrived) if there]
    gaps = SequenceGaps()
    lost = sum(gaps.add(number) for number in numbers)
    expected = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    assert gaps.lost == lost == expected


@given(st.lists(st.integers(1, 30), min_size=2, max_size=4), st.randoms(use_true_random=False))
def test_several_publishers_of_a_topic_are_not_taken_for_losses(lengths, random):
    gaps = SequenceGaps()
    gaps.restart(len(lengths))
    streams = [list(range(1000 * i + 1, 1000 * i + 1 + length)) for i, length in enumerate(lengths)]
    while streams:
        stream = random.choice(streams)
        assert gaps.add(stream.pop(0)) == 0
        streams = [numbers for numbers in streams if numbers]


def test_a_publisher_that_starts_anew_is_no_loss():
    gaps = SequenceGaps()
    assert [gaps.add(number) for number in (5, 6, 7, 1, 2, 4)] == [0, 0, 0, 0, 0, 1]
    gaps.restart(1)
    assert gaps.add(900) == 0
    assert gaps.lost == 1

# SPDX-License-Identifier: Apache-2.0
"""Bags into datasets: what each number and each picture must be, by content, and what a bad bag says."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from arms.delta_actions import integrate_actions
from bags.bag_making import STATUS
from bags.sample_bag import CLOSES_AT, INTRINSICS, JOINTS, Recording, joints, pose, write_bag
from bags.sent_marks import status
from demonstrations.killed_conversion import convert_or_die
from demonstrations.numbered_picture import number
from demonstrations.small_contract import CONTRACT
from full_disk import FullDisk
from hypothesis import given, settings
from hypothesis import strategies as st
from lerobot_parts.rules import read
from scipy.spatial.transform import Rotation, Slerp

from controllers.errors import ConfigError, VlaError
from vla_ros.cli import main
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.errors import BagError
from vla_ros.data.bags.message_definitions import message_definition
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.bags.writer import BagWriter
from vla_ros.data.conversion.bag_to_dataset import BagContent, ConversionSettings, ConvertedBag, convert_bag
from vla_ros.data.conversion.convert import convert_bags
from vla_ros.data.conversion.dataset_to_bag import write_bag as write_bag_of
from vla_ros.data.conversion.parallel import Unusable, convert_all
from vla_ros.data.conversion.resampling import GRACE_S, bracket, latest, linear, nearest, slerp
from vla_ros.data.datasets.check import check
from vla_ros.data.datasets.reader import LeRobotReader
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import load_contract

SETTINGS = ConversionSettings(CONTRACT)
FRONT, SIDE = "observation.images.front", "observation.images.side"


def converted(tmp_path: Path, recording: Recording, settings: ConversionSettings = SETTINGS) -> dict:
    """Return the dataset of one such bag as somebody else's reader finds it."""
    bag = write_bag(tmp_path / "bag", recording)
    convert_bags([bag], tmp_path / "set", settings)
    assert check(tmp_path / "set", deep=True) == []
    return read(tmp_path / "set")


def same_rotation(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest angle [rad] between quaternions (T, 4)."""
    return float((Rotation.from_quat(a) * Rotation.from_quat(b).inv()).magnitude().max())


@pytest.mark.parametrize("images", ["raw", "jpeg", "h264"])
@pytest.mark.parametrize("rate", [30.0, 7.0])
def test_frame_k_shows_the_image_nearest_to_its_time(tmp_path, images, rate):
    recording = Recording(camera_rate=rate, images=images, jitter=0.012)
    found = converted(tmp_path, recording)
    start = recording.exposures(0)[recording.exposures(0) >= max(recording.start, recording.exposures(1)[0]) - 1e-6][0]
    times = start + found["frames"]["timestamp"].astype(float)
    assert len(times) >= 25
    for camera, key in enumerate((FRONT, SIDE)):
        stamps = recording.exposures(camera)
        expected = [int(np.argmin(np.abs(stamps - time))) + 1000 * camera for time in times]
        assert [number(image) for image in found["images"][key]] == expected


@pytest.mark.parametrize("tempo", [1.0, 1.6])
def test_numbers_are_those_of_their_time(tmp_path, tempo):
    """Joints and poses are interpolated, the gripper's command is a step, whatever the wall clock did meanwhile."""
    recording = Recording(jitter=0.0, tempo=tempo)
    found = converted(tmp_path, recording)
    time = found["frames"]["timestamp"].astype(float)  # the first exposures are at 0
    state = found["frames"]["observation.state"]
    np.testing.assert_allclose(state[:, :7], joints(time)[:, :7], atol=2e-6)
    expected = np.array([pose(t) for t in time])
    np.testing.assert_allclose(state[:, 7:10], expected[:, :3], atol=1e-6)
    assert same_rotation(state[:, 10:14], expected[:, 3:]) < 1e-4
    assert (state[:, 10] > 0.5).all()  # the contract's side of q and -q
    np.testing.assert_allclose(state[:, 14], joints(time)[:, 7:].sum(axis=1), atol=1e-6)
    action = found["frames"]["action"].astype(float)
    np.testing.assert_array_equal(action[:, 6] == 0.0, time + 0.1 >= CLOSES_AT)
    anchor = found["frames"]["observation.anchor"].astype(float)
    T = np.eye(4)
    T[:3, 3], T[:3, :3] = anchor[0, :3], Rotation.from_quat(anchor[0, 3:]).as_matrix()
    poses = integrate_actions(action, T)  # the policies' own reading of deltas
    wanted = np.array([pose(t + 0.1, 0.01) for t in time])
    np.testing.assert_allclose(poses[:, :3, 3], wanted[:, :3], atol=1e-5)
    assert same_rotation(Rotation.from_matrix(poses[:, :3, :3]).as_quat(), wanted[:, 3:]) < 1e-4
    calibration = found["frames"]["observation.calibration.front"]
    np.testing.assert_allclose(calibration[:, :4], np.tile(INTRINSICS, (len(time), 1)), rtol=1e-6)
    np.testing.assert_allclose(calibration[:, 4:], np.tile(pose(0.1), (len(time), 1)), atol=1e-6)


@pytest.mark.parametrize(
    ("action", "size"),
    [
        ({"reference": "absolute", "rotation": "quaternion"}, 8),
        ({"reference": "relative", "rotation": "rotation_6d", "target": "measured", "anchor": "measured"}, 10),
        ({"reference": "relative", "rotation": "rotation_vector", "anchor": "measured"}, 7),
    ],
)
def test_other_actions_say_the_same_motion(tmp_path, action, size):
    contract = dataclasses.replace(CONTRACT, action=dataclasses.replace(CONTRACT.action, **action))
    found = converted(tmp_path, Recording(jitter=0.0), ConversionSettings(contract))
    time, rows = found["frames"]["timestamp"].astype(float), found["frames"]["action"].astype(float)
    assert rows.shape[1] == size
    encoding, anchor = ActionEncoding(contract.action, contract.quaternion_side), found["frames"]["observation.anchor"]
    shift = 0.0 if contract.action.target == "measured" else 0.01
    for k in (0, 11):
        chunk = encoding.training_chunk(rows[k : k + 4], anchor[k].astype(float))
        targets = encoding.decode(chunk, anchor[k].astype(float))
        wanted = np.array([pose(t + 0.1, shift) for t in time[k : k + 4]])
        np.testing.assert_allclose(targets[:, :3], wanted[:, :3], atol=1e-5)
        assert same_rotation(targets[:, 3:7], wanted[:, 3:]) < 1e-4


@pytest.mark.parametrize("name", ["franka_grasp_lerobot", "franka_grasp_lerobot_pose"])
def test_what_lerobots_policies_expect_is_absolute_and_small(tmp_path, name):
    """And back into a bag, without an anchor or a calibration."""
    contract = load_contract(name)
    found = converted(tmp_path, Recording(jitter=0.0), ConversionSettings(contract))
    assert {key for key in found["info"]["features"] if key.startswith("observation.")} == {
        "observation.state", FRONT, SIDE
    }  # fmt: skip
    assert found["images"][FRONT][0].shape == (224, 224, 3)
    time, action = found["frames"]["timestamp"].astype(float), found["frames"]["action"].astype(float)
    state = found["frames"]["observation.state"]
    np.testing.assert_allclose(state[:, -1], joints(time)[:, 7:].sum(axis=1), atol=1e-6)
    np.testing.assert_array_equal(action[:, -1] == 0.0, time + 0.1 >= CLOSES_AT)  # commanded: it presses
    if contract.action.joints:
        np.testing.assert_allclose(state[:, :7], joints(time)[:, :7], atol=2e-6)
        np.testing.assert_allclose(action[:, :7], joints(time + 0.1)[:, :7], atol=2e-6)
    else:
        wanted = np.array([pose(t + 0.1, 0.01) for t in time])
        targets = ActionEncoding(contract.action).decode(action, np.zeros(7))
        np.testing.assert_allclose(targets[:, :3], wanted[:, :3], atol=1e-5)
        assert same_rotation(targets[:, 3:7], wanted[:, 3:]) < 1e-4
    with LeRobotReader(tmp_path / "set") as reader:
        write_bag_of(reader, 0, tmp_path / "back")
    convert_bags([tmp_path / "back"], tmp_path / "again", ConversionSettings(contract))
    again = read(tmp_path / "again")["frames"]
    np.testing.assert_allclose(again["observation.state"], state, atol=1e-5)
    np.testing.assert_allclose(again["action"][:-1], action[:-1], atol=1e-5)


def test_marks_make_episodes_and_failures_stay_out(tmp_path):
    recording = Recording(duration=6.0, marked=((0.5, 2.0, True), (2.2, 3.8, False), (4.0, 5.5, True)))
    bag = write_bag(tmp_path / "bag", recording)
    result = convert_bag(bag, SETTINGS)
    assert [episode.tasks for episode in result.episodes] == [("task 0",), ("task 2",)]
    assert [episode.length for episode in result.episodes] == [14, 14] or all(
        13 <= episode.length <= 15 for episode in result.episodes
    )
    assert result.failures == 1
    everything = convert_bag(bag, dataclasses.replace(SETTINGS, failures=True))
    assert len(everything.episodes) == 3
    whole = convert_bag(bag, dataclasses.replace(SETTINGS, whole=True))
    assert [episode.tasks for episode in whole.episodes] == [("pick up the mug",)]
    assert whole.episodes[0].length > 50
    named = convert_bag(bag, dataclasses.replace(SETTINGS, task="tidy up"))
    assert {episode.tasks for episode in named.episodes} == {("tidy up",)}


def with_marks(bag: Path, target: Path, marks: list[tuple[float, float, bytes]]) -> Path:
    """Return a copy of a bag with more marks: received and sent [s] after its first message, and what they say."""
    with BagReader(bag) as reader:
        writer = BagWriter(target, custom_data=reader.custom_data)
        for name, topic in reader.topics.items():
            writer.add_topic(name, topic.definition, topic.qos)
        writer.add_topic("/episode/marks", message_definition(STATUS))
        for received, sent, data in marks:
            times = [reader.start + round(1e9 * seconds) for seconds in (received, sent)]
            writer.write("/episode/marks", *times, data)
        for message in reader.messages():
            writer.write(message.topic, message.log_time, message.publish_time, message.data)
        return writer.close()


def test_episodes_that_ended_before_the_recording_began_are_none_of_it(tmp_path):
    """The last marks are latched: a recorder that comes late is told of episodes that it has seen nothing of."""
    recording = Recording(duration=4.0, marked=((1.5, 3.5, True),))
    bag = write_bag(tmp_path / "bag", recording)
    before = [
        (0.0, when - 60.0, status("episode", word, stamp=f"{940.0 + when:.6f}", instruction="of before", success=done))
        for when, word, done in ((0.0, "begin", ""), (9.0, "end", "true"), (20.0, "begin", ""), (30.0, "end", "false"))
    ]
    found = convert_bag(with_marks(bag, tmp_path / "late", before), SETTINGS)
    assert [episode.tasks for episode in found.episodes] == [("task 0",)]
    assert (found.failures, found.corrupt) == (0, [])
    with BagReader(tmp_path / "late") as reader:
        (episode,) = read_episodes(reader)
        assert (episode.number, episode.instruction, episode.finished) == (0, "task 0", True)

    # One that is under way when the recording begins is in it, however long ago that was.
    unmarked = write_bag(tmp_path / "unmarked", Recording(duration=4.0))
    end = (3.0, 3.0, status("episode", "end", stamp="1003.0", success="true"))
    found = convert_bag(with_marks(unmarked, tmp_path / "under way", [*before, before[0], end]), SETTINGS)
    assert [episode.tasks for episode in found.episodes] == [("of before",)]
    assert found.episodes[0].length == pytest.approx(30, abs=1)

    # A publisher's clock that is behind says the same of all of an episode: it is in the bag all the same.
    begun = status("episode", "begin", stamp="1000.5", instruction="lift")
    ended = status("episode", "end", stamp="1003.0", success="true")
    behind = [(0.5, -59.5, begun), (3.0, -57.0, ended)]
    found = convert_bag(with_marks(unmarked, tmp_path / "behind", behind), SETTINGS)
    assert [episode.tasks for episode in found.episodes] == [("lift",)]
    for bag, count in (("under way", 1), ("behind", 1)):
        with BagReader(tmp_path / bag) as reader:
            assert len(read_episodes(reader)) == count


def test_a_mark_without_a_stamp_is_one_line_wherever_marks_are_read(tmp_path, capsys):
    bag = write_bag(tmp_path / "bag", Recording(duration=2.0))
    begin = (0.1, 0.1, status("episode", "begin", stamp="1000.1"))
    bad = with_marks(bag, tmp_path / "bad", [begin, (1.5, 1.5, status("episode", "end", success="true"))])
    out = tmp_path / "set"
    convert_bags([bad], out, dataclasses.replace(SETTINGS, whole=True))
    report = convert_bags([bad], out, SETTINGS)  # known, and looked at once more
    assert "of episode 0 has no stamp: convert with --whole" in report.corrupt[0]
    assert main(["replay", str(bad), "--running"]) == 2
    assert "has no stamp" in capsys.readouterr().err


def test_of_a_bag_that_is_there_the_episodes_that_are_not_are_added_and_no_other(tmp_path):
    marked = ((0.5, 2.0, True), (2.2, 3.8, False), (4.0, 5.5, True))
    bag = write_bag(tmp_path / "bag", Recording(duration=6.0, marked=marked, hole=(4.5, 4.9)))
    out = tmp_path / "set"

    def convert(**changes) -> tuple[int, int, int]:
        report = convert_bags([bag], out, dataclasses.replace(SETTINGS, **changes))
        return report.episodes, report.known, len(report.corrupt)

    assert convert() == (1, 0, 1)  # a hole in the third, the second has failed
    assert convert() == (0, 1, 1)  # which is said again
    assert convert(skew_max_s=0.4) == (1, 0, 0)
    assert convert(skew_max_s=0.4) == (0, 1, 0)
    assert convert(skew_max_s=0.4, failures=True) == (1, 0, 0)
    assert [row["tasks"] for row in read(out)["episodes"]] == [["task 0"], ["task 2"], ["task 1"]]


def test_corrections_of_a_second_leave_their_frames(tmp_path):
    """Conversion leaves nothing out of an episode by who moved the arm, and the bag says who it was, every 20 ms."""
    kept = taken = 0
    for begin in (1.0, 1.03, 1.05, 1.07, 1.09):
        recording = Recording(camera_rate=10.0, marked=((0.2, 2.8, True),), corrected=(begin, begin + 1.0))
        with BagReader(write_bag(tmp_path / f"{begin:g}", recording)) as bag:
            content = BagContent(bag, SETTINGS)
            frames = content.read(content.spans[0], lambda camera, image: None).times[:-1] - recording.start
            (episode,) = read_episodes(bag)
            theirs = episode.intervened(bag.start + np.round(1e9 * frames).astype(np.int64))
        within = (frames >= begin) & (frames < begin + 1.0)
        np.testing.assert_allclose(np.diff(frames), 0.1, atol=1e-9)
        kept, taken = kept + np.count_nonzero(theirs & within), taken + np.count_nonzero(within)
        assert np.count_nonzero(theirs & ~within) <= 1
    assert taken == 50
    assert kept >= 0.95 * taken


def test_cameras_are_fitted_and_their_calibration_with_them(tmp_path):
    cameras = CONTRACT.cameras | {
        "front": dataclasses.replace(CONTRACT.cameras["front"], width=32, height=32, fit="crop")
    }
    contract = dataclasses.replace(CONTRACT, cameras=cameras)
    bag = write_bag(tmp_path / "bag", Recording(size=(96, 128)))
    episode = convert_bag(bag, ConversionSettings(contract)).episodes[0]
    # The middle 96 of 128 columns, a third as large: a point of the old picture is where the new calibration says.
    fx, fy, cx, cy = episode.columns["observation.calibration.front"][0, :4]
    for x, y in ((16.0, 0.0), (63.5, 47.5), (111.0, 95.0)):
        ray = (x - INTRINSICS[2]) / INTRINSICS[0], (y - INTRINSICS[3]) / INTRINSICS[1]
        assert fx * ray[0] + cx == pytest.approx((x - 16.0 + 0.5) / 3.0 - 0.5, abs=1e-4)
        assert fy * ray[1] + cy == pytest.approx((y + 0.5) / 3.0 - 0.5, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            {"without": ("joint_states",)},
            r"lacks /joint_states, which state 'panda_joint1/position' of contract 'small'",
        ),
        ({"without": ("cameras/side/color/image_raw",)}, r"lacks /cameras/side/color/image_raw.*holds /cameras/front"),
        ({"without": ("control/commanded_pose",)}, "lacks /control/commanded_pose"),
        ({"namespace": "left"}, "choose one with --namespace left"),
        ({"size": (96, 128)}, "was recorded in 128x96, the contract stores 64x48"),
        ({"back": 1.0}, r"the clock of .* goes back by 0\.9.*`vla bag cut`"),
        ({"hole": (1.0, 1.6)}, r"no image within 0\.1 s of 1001\..*a recording with a hole"),
        ({"duration": 0.2}, "fewer than 2 frames"),
        ({"instruction": " "}, "name the task with --task"),
        ({"order": tuple(JOINTS[1:])}, "joint states lack 'panda_joint1'"),
    ],
)
def test_a_bag_that_does_not_do_is_one_line_with_the_remedy(tmp_path, change, expected):
    bag = write_bag(tmp_path / "bag", dataclasses.replace(Recording(), **change))
    with pytest.raises(VlaError, match=expected) as caught:
        convert_bags([bag], tmp_path / "set", SETTINGS)
    assert "\n" not in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["bag"]


def test_a_robot_of_several_is_chosen_by_its_namespace(tmp_path):
    bag = write_bag(tmp_path / "bag", Recording(namespace="left"))
    assert len(convert_bag(bag, dataclasses.replace(SETTINGS, namespace="left")).episodes) == 1
    with pytest.raises(VlaError, match="lacks /right/cameras/front"):
        convert_bag(bag, dataclasses.replace(SETTINGS, namespace="right"))


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda bag: shutil.rmtree(bag), "no such bag"),
        (lambda bag: [path.write_bytes(path.read_bytes()[:-2000]) for path in bag.glob("*.mcap")], "vla bag repair"),
        (lambda bag: [path.write_bytes(b"") for path in bag.glob("*.mcap")], "empty"),
        (lambda bag: [path.write_bytes(b"SQLite format 3") for path in bag.glob("*.mcap")], "sqlite3"),
    ],
)
def test_what_is_no_bag_is_one_line(tmp_path, spoil, expected):
    bag = write_bag(tmp_path / "bag")
    spoil(bag)
    with pytest.raises(VlaError, match=expected):
        convert_bags([bag], tmp_path / "set", SETTINGS)
    assert not (tmp_path / "set").exists()


def test_a_bag_without_messages_says_so(tmp_path):
    latched = [f"cameras/{camera}/{topic}" for camera in ("front", "side") for topic in ("pose", "color/camera_info")]
    bag = write_bag(tmp_path / "bag", Recording(duration=0.0, without=("instruction", *latched)))
    with pytest.raises(VlaError, match="holds no message"):
        convert_bags([bag], tmp_path / "set", SETTINGS)


def test_corrupt_bags_are_counted_and_left_out_and_the_rest_is_appended_once(tmp_path):
    bags = [write_bag(tmp_path / f"bag{i}", Recording(start=1000.0 + 10 * i, first_picture=100 * i)) for i in range(4)]
    for path in bags[1].glob("*.mcap"):
        path.write_bytes(path.read_bytes()[:-2000])
    report = convert_bags(bags[:3], tmp_path / "set", SETTINGS)
    assert (report.episodes, len(report.corrupt)) == (2, 1)
    assert report.corrupt_rate == pytest.approx(1 / 3)
    assert "bag1" in report.corrupt[0]
    again = convert_bags([bags[0], bags[2], bags[3]], tmp_path / "set", SETTINGS)
    assert (again.known, again.episodes) == (2, 1)
    found = read(tmp_path / "set")
    starts = [row["dataset_from_index"] for row in found["episodes"]]
    assert [number(found["images"][FRONT][i]) for i in starts] == [0, 200, 300]
    with pytest.raises(ConfigError, match="given twice"):
        convert_bags([bags[3], shutil.copytree(bags[3], tmp_path / "other" / "bag3")], tmp_path / "new", SETTINGS)


def test_a_dataset_of_another_contract_is_not_appended_to(tmp_path):
    bag = write_bag(tmp_path / "bag")
    convert_bags([bag], tmp_path / "set", SETTINGS)
    for change, expected in (
        ({"fps": 20}, "fps is 10, not 20"),
        ({"state": CONTRACT.state[1:]}, r"observation\.state\.shape"),
        ({"action": dataclasses.replace(CONTRACT.action, rotation="quaternion")}, r"action\.shape"),
        ({"action": dataclasses.replace(CONTRACT.action, target="measured", anchor="measured")}, r"action\.target"),
        ({"cameras": {"front": CONTRACT.cameras["front"]}}, r"images\.side is"),
    ):
        with pytest.raises(ConfigError, match=expected):
            convert_bags([bag], tmp_path / "set", ConversionSettings(dataclasses.replace(CONTRACT, **change)))
    with pytest.raises(ConfigError, match="unknown robot 'frankie'"):
        convert_bags([bag], tmp_path / "set", ConversionSettings(dataclasses.replace(CONTRACT, robot="frankie")))


def test_two_processes_make_the_same_bytes_as_one(tmp_path):
    bags = [write_bag(tmp_path / f"bag{i}", Recording(start=1000.0 + 10 * i, duration=1.0)) for i in range(4)]
    for workers in (1, 2):
        convert_bags(bags, tmp_path / f"set{workers}", SETTINGS, workers)
    files = sorted(path.relative_to(tmp_path / "set1") for path in (tmp_path / "set1").rglob("*") if path.is_file())
    assert len(files) >= 8
    for file in files:
        assert (tmp_path / "set1" / file).read_bytes() == (tmp_path / "set2" / file).read_bytes(), file


def test_a_process_that_dies_costs_its_own_bag_alone(tmp_path):
    names = ["0", "1", "killer", "3", "fails", "5", "6"]
    found = list(convert_all([Path(name) for name in names], SETTINGS, 2, convert_or_die))
    assert [path.name for path, _ in found] == names
    assert isinstance(found[2][1], Unusable)
    assert "died" in found[2][1].reason
    assert found[4][1] == Unusable("fails: for a reason")
    assert [outcome.failures for _, outcome in found if isinstance(outcome, ConvertedBag)] == [0, 1, 3, 5, 6]


def test_there_and_back_again_is_the_same_episode(tmp_path):
    convert_bags([write_bag(tmp_path / "bag")], tmp_path / "set", SETTINGS)
    with LeRobotReader(tmp_path / "set") as reader:
        write_bag_of(reader, 0, tmp_path / "again")
    convert_bags([tmp_path / "again"], tmp_path / "second", SETTINGS)
    one, two = read(tmp_path / "set"), read(tmp_path / "second")
    for name in ("observation.state", "action", "observation.anchor", "observation.calibration.front", "timestamp"):
        np.testing.assert_allclose(two["frames"][name], one["frames"][name], atol=2e-6, err_msg=name)
    assert two["tasks"] == one["tasks"]
    for key in (FRONT, SIDE):
        assert [number(image) for image in two["images"][key]] == [number(image) for image in one["images"][key]]


def test_speeds_of_some_joints_go_there_and_back_again(tmp_path):
    told = (f"{JOINTS[0]}/velocity", f"{JOINTS[3]}/velocity")
    contract = dataclasses.replace(CONTRACT, state=(*CONTRACT.state, *told))
    found = converted(tmp_path, Recording(speeds=True), ConversionSettings(contract))
    with LeRobotReader(tmp_path / "set") as reader:
        write_bag_of(reader, 0, tmp_path / "again")
    convert_bags([tmp_path / "again"], tmp_path / "second", ConversionSettings(contract))
    state = found["frames"]["observation.state"]
    assert np.abs(state[:, -2:]).max() > 0.05
    np.testing.assert_allclose(read(tmp_path / "second")["frames"]["observation.state"], state, atol=2e-6)


def test_a_bag_that_could_not_be_made_of_a_dataset_leaves_nothing(tmp_path, monkeypatch):
    convert_bags([write_bag(tmp_path / "bag")], tmp_path / "set", SETTINGS)
    with monkeypatch.context() as patch, LeRobotReader(tmp_path / "set") as reader:
        disk = FullDisk(patch)
        disk.left = 20_000
        with pytest.raises(BagError, match=r"again: cannot be written \(No space left on device\): make room"):
            write_bag_of(reader, 0, tmp_path / "again")
    assert not (tmp_path / "again.partial").exists()
    video = next((tmp_path / "set" / "videos").rglob("*.mp4"))
    whole = video.read_bytes()
    video.write_bytes(whole[: len(whole) // 2])
    with LeRobotReader(tmp_path / "set") as reader, pytest.raises(VlaError):
        write_bag_of(reader, 0, tmp_path / "again")
    video.write_bytes(whole)
    with LeRobotReader(tmp_path / "set") as reader:
        assert write_bag_of(reader, 0, tmp_path / "again") > 100


def test_chunks_of_a_bag_made_of_a_dataset_are_what_control_accepts(tmp_path):
    from vla_ros.messages import chunk_from_bytes

    convert_bags([write_bag(tmp_path / "bag", Recording(jitter=0.0))], tmp_path / "set", SETTINGS)
    with LeRobotReader(tmp_path / "set") as reader:
        write_bag_of(reader, 0, tmp_path / "again")
    with BagReader(tmp_path / "again") as bag:
        chunks = [chunk_from_bytes(message.data) for message in bag.messages(["/policy/action_chunk"])]
    assert [chunk.sequence for chunk in chunks] == list(range(len(chunks)))
    assert len(chunks[0].times) == CONTRACT.action.horizon
    for chunk in (chunks[0], chunks[9]):
        elapsed = chunk.stamp - chunks[0].stamp
        wanted = np.array([pose(elapsed + after, 0.01) for after in chunk.times])
        np.testing.assert_allclose(chunk.positions("panda"), wanted[:, :3], atol=1e-5)
        assert same_rotation(chunk.quaternions("panda"), wanted[:, 3:]) < 1e-4


@settings(max_examples=50)
@given(
    stamps=st.lists(st.floats(0, 10), min_size=1, max_size=20).map(sorted),
    times=st.lists(st.floats(-1, 11), min_size=1, max_size=10),
)
def test_brackets_enclose_their_times(stamps, times):
    stamps, times = np.array(stamps), np.array(times)
    found = bracket(stamps, times)
    inside = (times >= stamps[0]) & (times <= stamps[-1])
    assert (stamps[found.before][inside] <= times[inside]).all()
    assert (stamps[found.after][inside] >= times[inside]).all()
    assert ((found.share >= 0.0) & (found.share <= 1.0)).all()
    np.testing.assert_allclose(
        linear(stamps[found.before], stamps[found.after], found.share)[inside], times[inside], atol=1e-9
    )
    distance = np.abs(stamps[None] - times[:, None])
    np.testing.assert_array_equal(np.abs(stamps[nearest(stamps, times)] - times), distance.min(axis=1))
    held = latest(stamps, times)
    assert (stamps[held][times >= stamps[0]] <= times[times >= stamps[0]] + GRACE_S).all()


def test_rotations_go_the_short_way_at_constant_rate():
    random = np.random.default_rng(4)
    a, b = Rotation.random(200, random_state=random).as_quat(), Rotation.random(200, random_state=random).as_quat()
    share = random.uniform(0, 1, 200)
    expected = np.array(
        [Slerp([0, 1], Rotation.from_quat([p, q]))(s).as_quat() for p, q, s in zip(a, b, share, strict=True)]
    )
    assert same_rotation(slerp(a, b, share), expected) < 1e-6
    np.testing.assert_allclose(slerp(a, -a, share), a, atol=1e-9)


def test_joints_are_commanded_in_the_order_of_their_controller(tmp_path):
    """A contract of joints: from a dataset to a bag, where commands are arrays, and back."""
    arm = tuple(JOINTS[:7])
    action = dataclasses.replace(CONTRACT.action, arms=(), joints=arm, target="measured", anchor="measured")
    contract = dataclasses.replace(CONTRACT, action=action)
    found = converted(tmp_path, Recording(jitter=0.0), ConversionSettings(contract))
    time = found["frames"]["timestamp"].astype(float)
    expected = joints(time + 0.1)[:, :7] - joints(time)[:, :7]
    np.testing.assert_allclose(found["frames"]["action"][:, :7], expected, atol=2e-6)
    with LeRobotReader(tmp_path / "set") as reader:
        write_bag_of(reader, 0, tmp_path / "again", None)
    with BagReader(tmp_path / "again") as bag:
        commands = np.array([m.data for _, m in bag.decoded("/panda_position_controller/commands")])
    np.testing.assert_allclose(commands[1:], joints(np.append(time, time[-1] + 0.1))[1:, :7], atol=1e-5)
    commanded = dataclasses.replace(
        contract, action=dataclasses.replace(action, target="commanded", anchor="commanded")
    )
    episode = convert_bag(tmp_path / "again", ConversionSettings(commanded)).episodes[0]
    np.testing.assert_allclose(episode.columns["action"][1:, :7], expected[1:], atol=1e-5)

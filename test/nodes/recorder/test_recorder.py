# SPDX-License-Identifier: Apache-2.0
"""The recorder node as a process over real DDS: what the test publishes is what is in the bag."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import PoseStamped
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from rclpy.serialization import deserialize_message
from rig.nodes import NodeUnderTest
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import CompressedImage, Image, JointState
from std_msgs.msg import String

from vla_ros import messages, qos
from vla_ros.configuration import share_directory
from vla_ros.data.bags import marks
from vla_ros.data.bags.episodes import read_episodes
from vla_ros.data.bags.image_reading import ImageReader
from vla_ros.data.bags.information import as_text, bag_information
from vla_ros.data.bags.message_definitions import JPEG, TF
from vla_ros.data.bags.reader import BagReader
from vla_ros.data.quality.contract_choice import choose_contract
from vla_ros.launching.environment import module_environment
from vla_ros.nodes.transport import Transport, choose_transport
from vla_ros.policies.contract import load_contract
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.visible_robot import VisibleRobot

LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
JOINTS = [*load_embodiment("franka").arms[0].joints, *load_embodiment("franka").grippers[0].joints]


class Source:
    """A node of the test that publishes and remembers."""

    def __init__(self) -> None:
        environment = dict(os.environ)
        choose_transport(Transport.IMAGES_OUT, environment)  # images need shared memory, from here too
        before = dict(os.environ)
        os.environ.update(environment)
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        os.environ.clear()
        os.environ.update(before)
        self.node = rclpy.create_node("source", context=self._context)
        self.sent: dict[str, list[object]] = {}
        self._publishers: dict[str, object] = {}

    def offer(self, topic: str, kind: type, quality: QoSProfile = qos.STREAM) -> None:
        self._publishers[topic] = self.node.create_publisher(kind, topic, quality)
        self.sent[topic] = []

    def publish(self, topic: str, message: object) -> None:
        self.sent[topic].append(message)
        self._publishers[topic].publish(message)

    def heard(self, *topics: str, seconds: float = 60.0) -> bool:
        """Wait until somebody has subscribed to all of the topics."""
        deadline = time.monotonic() + seconds
        names = topics or tuple(self._publishers)
        while any(self._publishers[topic].get_subscription_count() == 0 for topic in names):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        time.sleep(0.3)  # matched here is not yet matched there
        return True

    def close(self) -> None:
        self.node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture
def source():
    source = Source()
    yield source
    source.close()


class Recorder(NodeUnderTest):
    def __init__(self, directory: Path, **parameters: object) -> None:
        super().__init__("recorder", directory=str(directory), **parameters)


@pytest.fixture
def start():
    """Start recorders, and make sure that none is left."""
    started: list[Recorder] = []

    def start(directory: Path, **parameters: object) -> Recorder:
        started.append(Recorder(directory, **parameters))
        return started[-1]

    yield start
    for recorder in started:
        recorder.kill()


def joint_state(number: int) -> JointState:
    state = JointState(name=JOINTS)
    state.header.stamp = messages.stamp(number / 500)
    arm = 0.3 * np.sin(number / 100 + np.arange(7))
    state.position = [*arm.tolist(), 0.02, 0.02]  # one finger mimics the other
    return state


def picture(number: int) -> Image:
    y, x = np.mgrid[:480, :640]
    color = np.stack([(x + number) % 256, y % 256, np.full_like(x, number % 256)], axis=2).astype(np.uint8)
    return messages.ImageWriter("front_color_optical_frame").write_color(number / 30, color)


def mark(word: str) -> DiagnosticStatus:
    return messages.diagnostic(marks.NAME, messages.OK, word, {marks.EPISODE: "1"})


def recorded(bag: Path) -> dict[str, list[bytes]]:
    """Return what rosbags, not our own reader, finds in a bag."""
    found: dict[str, list[bytes]] = {}
    with Reader(bag) as reader:
        for connection, _, data in reader.messages():
            found.setdefault(connection.topic, []).append(bytes(data))
    return found


def assert_same(found: list[bytes], sent: list[object]) -> None:
    """Compare as messages: the bytes between two fields mean nothing, and rclpy leaves what happened to be there."""
    assert [deserialize_message(data, type(sent[0])) for data in found] == sent


def test_every_message_is_in_the_bag_as_it_was_published(tmp_path, source, start):
    source.offer("joint_states", JointState)
    source.offer("cameras/front/color/image_raw", Image, qos.IMAGES)
    source.offer("instruction", String, LATCHED)
    source.offer("weak", String, QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT))
    source.publish("instruction", String(data="pick up the red mug"))  # before anybody listens
    recorder = start(tmp_path / "bag", job="test")
    assert source.heard()
    # Made before: a slow machine would fall behind, and send joint states in bursts.
    states, pictures = [joint_state(n) for n in range(1500)], {n: picture(n) for n in range(0, 1500, 16)}
    began = time.monotonic()
    for number in range(1500):  # three seconds at 500 Hz
        source.publish("joint_states", states[number])
        if number in pictures:
            source.publish("cameras/front/color/image_raw", pictures[number])
        if number % 50 == 0:
            source.publish("weak", String(data=f"word {number}"))
        time.sleep(max(0.0, began + number / 500 - time.monotonic()))
    time.sleep(0.5)
    code, output, seconds = recorder.stop()
    assert code == 0, output
    assert "none lost" in output
    assert seconds < 2.0  # a launcher kills who takes longer
    found = recorded(tmp_path / "bag")
    for topic, sent in source.sent.items():
        assert_same(found[f"/{topic}"], sent)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.custom_data["job"] == "test"
        assert bag.topics["/weak"].qos[0].reliability == "best_effort"
        assert bag.topics["/instruction"].qos[0].latched
        (instruction,) = bag.messages(["/instruction"])
        assert instruction.publish_time < instruction.log_time
        received = [m.log_time for m in bag.messages(["/joint_states"])]
        delays = [m.log_time - m.publish_time for m in bag.messages(["/joint_states"])]
    assert received == sorted(received)
    # Taken every 10 ms, but received at their own times.
    assert np.median(np.diff(received)) == pytest.approx(2e6, rel=0.2)
    assert 0 < np.median(delays) < 5e6


@pytest.fixture
def small_disk(tmp_path):
    """Yield a file system of 24 MB, where this may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if (done := subprocess.run(words, capture_output=True, text=True)).returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize(("free_mb", "reason"), [(0, "the disk is full"), (8, "MB are free, 8 MB are to remain")])
def test_a_disk_that_fills_up_ends_the_recording_and_nothing_that_was_written_is_lost(
    small_disk, source, start, free_mb, reason
):
    source.offer("cameras/front/color/image_raw", Image, qos.IMAGES)
    bag = small_disk / "bag"
    recorder = start(bag, free_mb=free_mb, compression="none")
    assert source.heard()
    image = picture(0)
    for number in range(60):  # 55 MB
        if recorder.process.poll() is not None:
            break
        image.header.stamp = messages.stamp(number / 30)
        source.publish("cameras/front/color/image_raw", image)
        time.sleep(0.03)
    code, output = recorder.process.wait(timeout=10.0), recorder.process.stdout.read()
    assert code == 1, output
    assert "Traceback" not in output
    assert reason in output.splitlines()[-1]
    assert "the bag is whole up to there" in output.splitlines()[-1]
    with BagReader(bag) as reader:
        stamps = [state.header.stamp for _, state in reader.decoded("/cameras/front/color/image_raw")]
        assert reason in reader.custom_data["ended"]
    assert 5 <= len(stamps) < 30
    assert [stamp.sec + stamp.nanosec * 1e-9 for stamp in stamps] == pytest.approx(np.arange(len(stamps)) / 30)


def test_colour_becomes_jpeg_and_what_is_not_asked_for_is_left_out(tmp_path, source, start):
    for camera in ("front", "side"):
        source.offer(f"cameras/{camera}/color/image_raw", Image, qos.IMAGES)
    source.offer("joint_states", JointState)
    source.offer("secret", String)
    topics = "['cameras/*', /joint_states]"
    recorder = start(tmp_path / "bag", images="jpeg", topics=topics, exclude="['cameras/side/*']")
    wanted = ("cameras/front/color/image_raw", "joint_states")
    assert source.heard(*wanted)
    for number in range(5):
        source.publish("cameras/front/color/image_raw", picture(number))
        source.publish("joint_states", joint_state(number))
        time.sleep(0.05)
    time.sleep(0.3)
    code, output, _ = recorder.stop()
    assert code == 0, output
    with BagReader(tmp_path / "bag") as bag:
        assert sorted(bag.topics) == ["/cameras/front/color/image_raw/compressed", "/joint_states"]
        reader = ImageReader(JPEG)
        images = [m for m in bag.messages(["/cameras/front/color/image_raw/compressed"])]
        assert len(images) == 5
        for number, item in enumerate(images):
            ours = deserialize_message(item.data, CompressedImage)  # ROS itself reads what was compressed
            assert ours.header == picture(number).header
            pixels = reader.read(bag.decode(item)).astype(int)
            assert np.abs(pixels - messages.color_array(picture(number))).mean() < 5.0


def test_a_topic_that_comes_later_and_one_that_is_offered_anew_are_recorded_too(tmp_path, source, start):
    recorder = start(tmp_path / "bag")
    assert recorder.process.stdout.readline().startswith("recording into")
    source.offer("late", String)
    assert source.heard("late")
    source.publish("late", String(data="first"))
    time.sleep(0.3)
    # A second publisher that gives no guarantees: a reliable subscription would not hear it.
    source.offer("late/weak", String)
    weak = source.node.create_publisher(String, "late", QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT))
    deadline = time.monotonic() + 20.0
    while weak.get_subscription_count() == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    weak.publish(String(data="second"))
    time.sleep(0.3)
    code, output, _ = recorder.stop()
    assert code == 0, output
    words = [deserialize_message(data, String).data for data in recorded(tmp_path / "bag")["/late"]]
    assert words == ["first", "second"]


def test_with_pre_roll_only_episodes_are_kept(tmp_path, source, start):
    source.offer("word", String)
    source.offer(marks.TOPIC, DiagnosticStatus, qos.MARKS)
    recorder = start(tmp_path / "bag", preroll_s=0.5, postroll_s=0.1)
    assert source.heard()
    for word in ("long before", "just before"):
        source.publish("word", String(data=word))
        time.sleep(0.4)
        if word == "long before":
            time.sleep(0.4)
    source.publish(marks.TOPIC, mark(marks.BEGIN))
    time.sleep(0.1)
    source.publish("word", String(data="during"))
    time.sleep(0.1)
    source.publish(marks.TOPIC, mark(marks.END))
    time.sleep(1.0)
    source.publish("word", String(data="after"))
    time.sleep(0.3)
    code, output, _ = recorder.stop()
    assert code == 0, output
    found = recorded(tmp_path / "bag")
    assert [deserialize_message(data, String).data for data in found["/word"]] == ["just before", "during"]
    assert [deserialize_message(data, DiagnosticStatus).message for data in found["/episode/marks"]] == ["begin", "end"]


def test_each_episode_becomes_a_bag_that_begins_with_what_holds(tmp_path, source, start):
    source.offer("word", String)
    source.offer("instruction", String, LATCHED)
    source.offer(marks.TOPIC, DiagnosticStatus, qos.MARKS)
    source.publish("instruction", String(data="pick up the red mug"))
    source.publish(marks.TOPIC, mark(marks.BEGIN))  # latched: of a recorder that is gone
    source.publish(marks.TOPIC, mark(marks.END))
    folder = tmp_path / "bags" / "mugs"
    for run in range(2):
        recorder = start(folder, episodes=True, postroll_s=0.1)
        assert recorder.process.stdout.readline().startswith("recording each episode into")
        time.sleep(0.5)
        assert source.heard()
        for number in range(2):
            source.publish("word", String(data="just before"))
            time.sleep(0.05)
            source.publish(marks.TOPIC, mark(marks.BEGIN))
            source.publish("word", String(data=f"during {run} {number}"))
            time.sleep(0.1)
            source.publish(marks.TOPIC, mark(marks.END))
            made = folder / f"episode_{2 * run + number:06d}"
            deadline = time.monotonic() + 10.0
            while not made.is_dir():
                assert time.monotonic() < deadline, list(folder.iterdir())
                time.sleep(0.02)
        code, output, _ = recorder.stop()
        assert code == 0, output
        assert "2 episodes" in output
        assert f"episode_{2 * run + 1:06d} is whole" in output
        recorder.kill()
    for number, bag in enumerate(sorted(folder.iterdir())):
        found = recorded(bag)
        words = [deserialize_message(data, String).data for data in found["/word"]]
        assert words == ["just before", f"during {number // 2} {number % 2}"]
        assert [deserialize_message(data, String).data for data in found["/instruction"]] == ["pick up the red mug"]
        said = [deserialize_message(data, DiagnosticStatus).message for data in found["/episode/marks"]]
        assert said == ["begin", "end"]
        with BagReader(bag) as reader:
            assert [episode.finished for episode in read_episodes(reader)] == [True]
    assert len(list(folder.iterdir())) == 4


def test_a_recorder_of_episodes_names_what_was_torn(tmp_path, source, start):
    (tmp_path / "mugs" / "episode_000003.partial").mkdir(parents=True)
    recorder = start(tmp_path / "mugs", episodes=True)
    lines = [recorder.process.stdout.readline() for _ in range(2)]
    assert "episode_000003.partial was not finished: `vla bag repair" in lines[0]
    assert recorder.stop()[0] == 0


def test_transforms_are_added_where_nobody_publishes_them(tmp_path, source, start):
    source.offer("joint_states", JointState)
    source.offer("cameras/front/pose", PoseStamped, LATCHED)
    T_base_camera = np.eye(4)
    T_base_camera[:3, 3] = 1.0, 0.2, 0.5
    source.publish("cameras/front/pose", messages.pose_stamped(T_base_camera, 1.0, "panda_link0"))
    recorder = start(tmp_path / "bag", robot="franka")
    assert source.heard()
    for number in range(100):
        source.publish("joint_states", joint_state(number))
        time.sleep(0.005)
    time.sleep(0.3)
    assert recorder.stop()[0] == 0
    tree = VisibleRobot(expand_urdf(load_embodiment("franka")), JOINTS)
    with BagReader(tmp_path / "bag") as bag:
        assert bag.topics["/tf"].type == TF
        assert 15 < bag.topics["/tf"].count < 45  # 50 Hz of half a second
        static = [tf for _, message in bag.decoded("/tf_static") for tf in message.transforms]
        moving = [message.transforms for _, message in bag.decoded("/tf")]
    camera = next(tf for tf in static if tf.child_frame_id == "front_color_optical_frame")
    assert (camera.header.frame_id, camera.transform.translation.x) == ("panda_link0", 1.0)
    for transforms in moving[::5]:
        stamp = transforms[0].header.stamp
        number = round((stamp.sec + stamp.nanosec * 1e-9) * 500)
        tree.update(np.array(joint_state(number).position))
        expected = {(parent, child): T for parent, child, T in tree.transforms()}
        for tf in transforms:
            T = expected[(tf.header.frame_id, tf.child_frame_id)]
            t, r = tf.transform.translation, tf.transform.rotation
            np.testing.assert_allclose([t.x, t.y, t.z], T[:3, 3], atol=1e-9)
            np.testing.assert_allclose(messages.transform(messages.pose_message(T))[:3, :3], T[:3, :3], atol=1e-9)
            assert abs(r.x**2 + r.y**2 + r.z**2 + r.w**2 - 1.0) < 1e-9


def test_messages_that_never_arrive_are_counted_and_said(tmp_path, source, start):
    source.offer("large", String, QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT))
    recorder = start(tmp_path / "bag", topics="[large]")
    assert source.heard()
    text = "x" * 60_000
    for number in range(200):
        if number == 20:
            recorder.process.send_signal(signal.SIGSTOP)  # what it is sent now is more than any buffer holds
        if number == 180:
            recorder.process.send_signal(signal.SIGCONT)
            time.sleep(1.0)
        source.publish("large", String(data=f"{number} {text}"))
        time.sleep(0.01)
    time.sleep(1.5)
    code, output, _ = recorder.stop()
    assert code == 0, output
    found = recorded(tmp_path / "bag")["/large"]
    first, last = (int(deserialize_message(found[i], String).data.partition(" ")[0]) for i in (0, -1))
    lost = last - first + 1 - len(found)
    assert lost > 10
    assert f"{lost} messages lost, most on /large" in output
    assert output.rstrip().endswith(f"{lost} lost")
    with BagReader(tmp_path / "bag") as bag:
        assert bag.custom_data["lost"] == str(lost)


def test_it_ends_by_itself_when_little_room_is_left(tmp_path, start):
    recorder = start(tmp_path / "bag", free_mb=10**7)
    output, _ = recorder.process.communicate(timeout=20.0)
    assert recorder.process.returncode == 2
    assert "nothing recorded: only" in output
    assert output.strip().count("\n") == 0


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"images": "png"}, "unknown images 'png'"),
        ({"compression": "lz4"}, "unknown compression 'lz4'"),
        ({"split_s": -1.0}, "parameter 'split_s' is -1.0"),
        ({"robot": "frank"}, "frank"),
    ],
)
def test_bad_parameters_are_one_line(tmp_path, start, parameters, message):
    recorder = start(tmp_path / "bag", **parameters)
    output, _ = recorder.process.communicate(timeout=20.0)
    assert recorder.process.returncode == 2
    assert message in output
    assert output.strip().count("\n") == 0


def test_vla_record_records_until_interrupted(tmp_path, source):
    source.offer("joint_states", JointState)
    words = [sys.executable, "-m", "vla_ros.cli", "record", "bags/one", "--topics", "joint_states", "--images", "h264"]
    process = subprocess.Popen(
        words, cwd=tmp_path, env=module_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert source.heard()
        for number in range(50):
            source.publish("joint_states", joint_state(number))
            time.sleep(0.005)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=10.0)
    finally:
        process.kill()
    assert process.returncode == 0, output
    assert f"the graph on ROS domain {os.environ['ROS_DOMAIN_ID']}; Ctrl-C ends it" in output
    assert_same(recorded(tmp_path / "bags" / "one")["/joint_states"], source.sent["joint_states"])


def test_vla_record_does_not_overwrite(tmp_path, environment):
    (tmp_path / "old").mkdir()
    words = [sys.executable, "-m", "vla_ros.cli", "record", str(tmp_path / "old")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert "exists already: name a new folder" in done.stderr


def test_a_killed_recorders_bag_is_repaired_on_the_command_line(tmp_path, source, start, environment):
    source.offer("joint_states", JointState)
    recorder = start(tmp_path / "bag")
    assert source.heard()
    for number in range(400):
        source.publish("joint_states", joint_state(number))
        time.sleep(0.005)
    recorder.process.send_signal(signal.SIGKILL)
    recorder.process.wait()
    words = [sys.executable, "-m", "vla_ros.cli", "bag", "repair", str(tmp_path / "bag.partial")]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "repaired bag_0.mcap" in done.stdout
    found = recorded(tmp_path / "bag")["/joint_states"]
    assert 400 - len(found) < 200  # less than a second
    assert_same(found, source.sent["joint_states"][: len(found)])


def test_a_recording_that_does_not_serve_its_contract_says_so(tmp_path, source, start):
    source.offer("cameras/front/color/image_raw", Image, qos.IMAGES)
    source.offer("joint_states", JointState)
    contract = tmp_path / "small.yaml"
    text = (share_directory() / "config" / "contracts" / "franka_grasp.yaml").read_text()
    contract.write_text(text.replace("width: 640, height: 480", "width: 320, height: 240"))
    recorder = start(tmp_path / "bag", contract=contract, robot="franka")
    assert source.heard()
    for number in range(30):
        source.publish("cameras/front/color/image_raw", picture(number))
        source.publish("joint_states", joint_state(number))
        time.sleep(0.02)
    time.sleep(0.5)
    code, output, _ = recorder.stop()
    assert code == 1
    assert "camera 'front' sends 640x480, contract 'franka_grasp' says 320x240" in output
    with BagReader(tmp_path / "bag") as bag:  # nothing is lost for that, and the bag says what it was to serve
        choice = choose_contract(bag)
        assert choice is not None
        assert choice.contract == load_contract(str(contract))
        assert "\ncontract: franka_grasp\n" in as_text(bag_information(bag))


def test_a_recording_without_what_its_contract_needs_names_it(tmp_path, source, start):
    source.offer("joint_states", JointState)
    recorder = start(tmp_path / "bag", contract="franka_grasp", robot="franka")
    assert source.heard()
    source.publish("joint_states", joint_state(0))
    time.sleep(0.5)
    code, output, _ = recorder.stop()
    assert code == 1
    assert "nothing came from /cameras/front/color/image_raw" in output
    assert "which contract 'franka_grasp' needs" in output
    assert "joint_states," not in output

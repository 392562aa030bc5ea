# SPDX-License-Identifier: Apache-2.0
"""No bytes on any topic end a node: each subscription of real nodes gets what nobody should send.

VLA_FUZZ_MESSAGES=100000 sends as many to each subscription instead of a sample.
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from free_port import free_port
from message_fuzz import message_type, worst_bytes, worst_stream
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, LivelinessPolicy, QoSProfile, ReliabilityPolicy
from rig.nodes import NodeUnderTest
from rosbags.rosbag2 import Reader
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory
from websockets.exceptions import ConnectionClosed

from bench.foxglove_client import FoxgloveClient
from controllers.errors import ChunkError
from vla_ros import messages, qos
from vla_ros.data.bags import marks
from vla_ros.nodes.sim.scene_choice import announced_choice, announced_scene

MESSAGES = int(os.environ.get("VLA_FUZZ_MESSAGES", "60"))
OFFERED = QoSProfile(  # no subscription asks for more, also not for a sooner sign of life
    depth=50,
    reliability=ReliabilityPolicy.RELIABLE,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
    liveliness=LivelinessPolicy.AUTOMATIC,
    liveliness_lease_duration=Duration(seconds=0.4),
)
ROS_OWN = ("/parameter_events", "/rosout")  # rclpy's own affair


def test_bytes_that_are_no_chunk_are_refused() -> None:
    rng = random.Random(0)
    for _ in range(10 * MESSAGES):
        with contextlib.suppress(ChunkError):
            messages.chunk_from_bytes(worst_bytes(JointTrajectory, rng))


@pytest.mark.parametrize(
    "text", ["", "null", "[]", "[" * 60000, "{}", '{"objects": [{}]}', '{"seed": 1e999}', "\x1b[2J"]
)
def test_a_text_that_is_no_scene_is_a_message_that_cannot_be(text: str) -> None:
    with pytest.raises(messages.MessageError, match="sim/scene announces no scene"):
        announced_scene(text)
    assert announced_choice(text) is None


@pytest.fixture
def sender() -> Iterator[Node]:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("sender_of_a_test", context=context)
    yield node
    rclpy.shutdown(context=context)


def parameters(name: str, folder: Path) -> dict[str, object]:
    """Return what a node needs to come up by itself."""
    return {
        "vr_bridge": {"autostart": True, "port": free_port(), "folder": str(folder)},
        "policy": {"policy": "geometric"},
        "episode": {"run_directory": str(folder)},
        "camera": {"seed": 1},
        "view": {"port": free_port()},
    }.get(name, {})


def subscriptions(sender: Node, name: str) -> list[tuple[str, type]]:
    """Return the topics that a node subscribes to, once it does, with their types."""
    found, settled, deadline = [], 0, time.monotonic() + 60.0
    while time.monotonic() < deadline and settled < 15:
        now = [
            (topic, message_type(kinds[0]))
            for node in sender.get_node_names()
            if f"{name}_node" in node  # a quiet one of the same process among them
            for topic, kinds in sender.get_subscriber_names_and_types_by_node(node, "/")
            if topic not in ROS_OWN
        ]
        settled = settled + 1 if now and now == found else 0
        found = now
        time.sleep(0.1)
    return found


@contextlib.contextmanager
def watching(name: str, node: NodeUnderTest, port: object) -> Iterator[None]:
    """Watch all that a view shows, meanwhile: it listens to what is watched."""
    if name != "view":
        yield
        return
    client, stop = _client_of(node, port), threading.Event()

    def watch() -> None:
        nonlocal client
        while not stop.is_set():
            try:
                client.listen(0.5)
                client.messages.clear()
            except ConnectionClosed:  # of one that takes a flood more slowly than it comes, or the view has ended
                with contextlib.suppress(OSError, ConnectionClosed):
                    client = _client_of(node, port)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        client.close()


def _client_of(node: NodeUnderTest, port: object) -> FoxgloveClient:
    """Return one that has subscribed to all that a view offers, once that is up."""
    deadline = time.monotonic() + 60.0
    while True:
        try:
            client = FoxgloveClient(f"ws://127.0.0.1:{port}")
            break
        except OSError:
            assert time.monotonic() < deadline
            if node.process.poll() is not None:
                raise
            time.sleep(0.2)
    client.listen(2.0)
    client.subscribe()
    client.listen(2.0)
    return client


NAMES = ["control", "guard", "state", "sim", "policy", "vr_bridge", "view", "episode", "camera"]


@pytest.mark.timeout(max(180, MESSAGES // 10))
@pytest.mark.parametrize("name", NAMES)
def test_no_bytes_on_any_topic_end_a_node(sender: Node, tmp_path: Path, name: str) -> None:
    given = parameters(name, tmp_path)
    node, watched = NodeUnderTest(name, **given), contextlib.ExitStack()
    try:
        watched.enter_context(watching(name, node, given.get("port")))
        topics = subscriptions(sender, name)
        assert topics, node.process.poll()
        rng = random.Random(name)
        for topic, kind in topics:
            publisher = sender.create_publisher(kind, topic, OFFERED)
            deadline = time.monotonic() + 60.0
            while publisher.get_subscription_count() == 0 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert publisher.get_subscription_count() > 0, topic
            for content in worst_stream(kind, rng, MESSAGES):
                publisher.publish(content)
                time.sleep(0.0005)
            sender.destroy_publisher(publisher)
            assert node.process.poll() is None, f"{topic} ended it:\n{node.process.stdout.read()[-3000:]}"
        time.sleep(0.5)
        assert node.process.poll() is None, node.process.stdout.read()[-3000:]
        code, output, _ = node.stop()
    finally:
        watched.close()
        node.kill()
    assert code == (1 if name == "episode" else 0), output[-3000:]  # an episode that is interrupted is no success
    assert "Traceback" not in output, output[-3000:]


@pytest.mark.parametrize("numbers", [[], [float("nan")], [float("inf")], [1e300], [-1.0]], ids=str)
def test_a_state_without_a_time_does_not_end_the_camera(sender: Node, tmp_path: Path, numbers: list[float]) -> None:
    node = NodeUnderTest("camera", **parameters("camera", tmp_path))
    try:
        publisher = sender.create_publisher(Float64MultiArray, "sim/render_state", qos.EXPOSURES)
        deadline = time.monotonic() + 60.0
        while publisher.get_subscription_count() == 0 and time.monotonic() < deadline:
            time.sleep(0.02)
        for _ in range(50):
            publisher.publish(Float64MultiArray(data=numbers))
            time.sleep(0.01)
        code, output, _ = node.stop()
    finally:
        node.kill()
    assert code == 0, output[-3000:]
    assert "begins with no time" in output


@pytest.mark.timeout(max(180, MESSAGES // 100))
def test_no_bytes_on_a_recorded_topic_end_the_recorder(sender: Node, tmp_path: Path) -> None:
    offered = {"episode/marks": DiagnosticStatus, "cameras/front/color/image_raw": Image, "joint_states": JointState}
    publishers = {topic: sender.create_publisher(kind, topic, OFFERED) for topic, kind in offered.items()}
    bag = tmp_path / "bag"
    node = NodeUnderTest("recorder", directory=str(bag), robot="franka", contract="franka_grasp")
    try:
        deadline = time.monotonic() + 60.0
        while any(p.get_subscription_count() == 0 for p in publishers.values()) and time.monotonic() < deadline:
            time.sleep(0.02)
        rng = random.Random(0)
        for topic, publisher in publishers.items():
            for content in worst_stream(offered[topic], rng, MESSAGES):
                publisher.publish(content)
                time.sleep(0.0005)
        foreign = Image(height=1, width=2, encoding="rgb8", step=6, data=bytes(6))
        foreign.header.stamp.sec = 1
        publishers["cameras/front/color/image_raw"].publish(foreign)
        for word in (marks.BEGIN, marks.END):  # in the end it records as ever
            publishers["episode/marks"].publish(
                messages.diagnostic(marks.NAME, messages.OK, word, {marks.EPISODE: "1"})
            )
            time.sleep(0.5)
        assert node.process.poll() is None, node.process.stdout.read()[-3000:]
        code, output, _ = node.stop()
    finally:
        node.kill()
    assert code == 1, output[-3000:]  # it says that the camera does not fit the contract
    assert "camera 'front' sends" in output
    assert "Traceback" not in output, output[-3000:]
    with Reader(bag) as reader:
        assert reader.message_count > MESSAGES // 4  # those that are messages

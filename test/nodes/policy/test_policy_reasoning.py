# SPDX-License-Identifier: Apache-2.0
"""What a policy concluded, on its topics and in diagnostics; and what becomes of it in the film."""

from __future__ import annotations

import time
from pathlib import Path

import av
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from policy_making.reasoning_policy import BOX, ReasoningPolicy, grasp_at, reasoning
from rclpy.executors import SingleThreadedExecutor
from visualization_msgs.msg import ImageMarker, Marker

from vla_ros import messages, qos
from vla_ros.nodes.episode.film import Film
from vla_ros.nodes.policy.latency import Latency
from vla_ros.nodes.policy.reasoning_publisher import ReasoningPublisher
from vla_ros.nodes.policy_node import PolicyNode
from vla_ros.policies.capabilities.image_lines import NO_LINES, ImageLines, reasoning_lines
from vla_ros.policies.observation import CameraView

K, T_BASE_CAMERA = np.array([[100.0, 0.0, 32.0], [0.0, 100.0, 24.0], [0.0, 0.0, 1.0]]), grasp_at(0.5, 0.0, 1.0)
GRASP = grasp_at(0.5, 0.1, 0.2)
CAMERAS = ("front", "side")


def views() -> dict[str, CameraView]:
    color = np.zeros((48, 64, 3), np.uint8)
    return {name: CameraView(name, 1.0, color, None, K, T_BASE_CAMERA) for name in CAMERAS}


class Wrapper:
    """As chunking wraps a policy."""

    def __init__(self, policy) -> None:
        self.policy = policy

    def infer(self, observation):
        return self.policy.infer(observation)

    def reset(self) -> None:
        self.policy.reset()


@pytest.fixture
def node():
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("thinker", context=context)
    yield node
    node.destroy_node()
    rclpy.shutdown(context=context)


def listen(node, seconds: float = 1.0) -> dict[str, list]:
    """Listen like someone who comes late."""
    heard: dict[str, list] = {}
    kinds = {"policy/grasp_pose": PoseStamped, "policy/grasp": Marker, "policy/reasoning/side": ImageMarker}
    for topic, kind in kinds.items():
        heard[topic] = []
        node.create_subscription(kind, topic, heard[topic].append, qos.LATCHED)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.05)
    executor.remove_node(node)
    return heard


def test_a_late_listener_gets_the_grasp_and_the_boxes(node):
    policy = ReasoningPolicy()
    publisher = ReasoningPublisher(node, Wrapper(policy), CAMERAS)
    publisher.publish(views(), 0.5, "panda_link0")  # nothing yet
    policy.reasoning = reasoning(GRASP)
    publisher.publish(views(), 1.5, "panda_link0")
    publisher.publish(views(), 1.6, "panda_link0")  # the same thought once more
    heard = listen(node)
    (pose,), (grasp,), (marker,) = heard.values()
    np.testing.assert_allclose(messages.transform(pose.pose), GRASP, atol=1e-9)
    assert pose.header.frame_id == grasp.header.frame_id == "panda_link0"
    assert {messages.seconds(m.header.stamp) for m in (pose, grasp, marker)} == {1.5}
    assert messages.marker_lines(grasp).shape == (4, 2, 3)
    lines, meant = (
        ImageLines(*messages.image_marker_lines(marker)),
        reasoning_lines(policy.reasoning, "side", K, T_BASE_CAMERA),
    )
    np.testing.assert_allclose(lines.ends, meant.ends)
    np.testing.assert_allclose(lines.colors, meant.colors, atol=1e-6)
    assert lines.thick.tolist() == meant.thick.tolist()


def test_a_policy_that_means_nothing_takes_the_last_grasp_away(node):
    policy = ReasoningPolicy()
    publisher = ReasoningPublisher(node, policy, CAMERAS)
    policy.reasoning = reasoning(GRASP)
    publisher.publish(views(), 1.0, "panda_link0")
    policy.reasoning = reasoning(None)
    publisher.publish(views(), 2.0, "panda_link0")
    heard = listen(node)
    assert heard["policy/grasp"][-1].action == Marker.DELETE
    assert len(heard["policy/reasoning/side"][-1].points) == 2 * 12
    publisher.clear()
    assert listen(node)["policy/reasoning/side"][-1].action == ImageMarker.REMOVE


def test_another_policy_has_no_such_topics(node):
    publisher = ReasoningPublisher(node, object(), CAMERAS)
    publisher.publish(views(), 0.0, "panda_link0")
    publisher.clear()
    assert node.count_publishers("policy/grasp") == 0


def test_latency_is_told_by_stage_over_the_last_chunks():
    latency = Latency(chunks=100)
    assert latency.values() == {}
    for _ in range(50):
        latency.add(9.0, {"look": 9.0, "forgotten": 9.0})
    for k in range(101):
        latency.add(0.010 + 1e-4 * k, {"boxes": 1e-3 * k, "flow": 0.002})
    values = latency.values()
    assert list(values) == [f"{s}_p{p}_ms" for s in ("inference", "boxes", "flow") for p in (50, 95)]
    assert float(values["boxes_p50_ms"]) == pytest.approx(50.5, abs=0.1)
    assert float(values["boxes_p95_ms"]) == pytest.approx(95.05, abs=0.1)
    assert values["flow_p95_ms"] == "2.0"


@pytest.fixture
def policy_node():
    """Return a policy node that reasons; whatever becomes of the test, no other hears of it."""
    rclpy.init()
    node = PolicyNode(ReasoningPolicy())
    yield node
    node.close()
    node.destroy_node()
    rclpy.try_shutdown()


def test_the_nodes_diagnostics_have_the_stages(policy_node):
    policy_node.trigger_configure()
    policy_node.trigger_activate()
    policy, statuses = policy_node._reasoner, []
    policy.reasoning = reasoning(GRASP)
    policy_node._views = views()
    for number in range(3):
        policy_node._on_chunk(_chunk(number))
    policy_node.create_subscription(DiagnosticArray, "diagnostics", lambda m: statuses.extend(m.status), qos.EVENTS)
    executor = SingleThreadedExecutor()
    executor.add_node(policy_node)
    end = time.monotonic() + 30.0
    while not statuses and time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    executor.remove_node(policy_node)
    values = messages.diagnostic_values(next(status for status in statuses if status.name == "policy"))
    assert values["inference_p50_ms"] == "12.0"
    assert [values[f"{stage}_p95_ms"] for stage in policy.reasoning.stages_s] == ["4.0", "3.0", "1.0", "2.0"]


def _chunk(number: int):
    from controllers.chunks.chunk import ActionChunk, pose_channels

    values = np.tile([0.5, 0.0, 0.4, 1.0, 0.0, 0.0, 0.0], (4, 1))
    times = 0.1 * np.arange(1, 5)
    return ActionChunk(float(number), "panda_link0", pose_channels("panda"), times, values, number, inference_s=0.012)


def test_the_film_shows_the_box_of_each_camera(tmp_path: Path):
    film = Film(tmp_path / "video.mp4", 10.0)
    image = np.zeros((48, 64, 3), np.uint8)
    lines = reasoning_lines(reasoning(), "front", K, T_BASE_CAMERA)
    for _ in range(3):
        film.add([image, image], [lines, NO_LINES], "pick up the red mug")
        time.sleep(0.05)
    film.close()
    assert film.problem == ""
    with av.open(str(tmp_path / "video.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (48, 128, 3)
    x1, y1, x2, _ = BOX.astype(int)
    left, right = frame[:30, :64].astype(int), frame[:30, 64:].astype(int)
    assert (left[y1, x1:x2, 1] > left[y1, x1:x2, 0] + 40).mean() > 0.7
    assert right.max() < 40

# SPDX-License-Identifier: Apache-2.0
"""camera_node with source:=realsense through real topics, the SDK's software device in place of a camera."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import cv2
import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rclpy.parameter import Parameter
from rig.spinning import leave, spin_until
from sensor_msgs.msg import CameraInfo, Image, JointState

pytest.importorskip(
    "pyrealsense2",
    reason="pyrealsense2 is not installed or libusb is missing: VLA_EXTRAS=hardware ./vla … installs it",
    exc_type=ImportError,
)

import software_realsense as soft

from controllers.errors import ConfigError
from vla_ros import messages, qos
from vla_ros.calibration.calibration_file import calibration_text
from vla_ros.hardware.cameras.realsense import library
from vla_ros.nodes.camera_node import CameraNode
from vla_ros.robots.camera_calibration import load_calibration
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.link_tree import LinkTree

SERIALS = {"front": "819112070001", "side": "819112070002"}
SHADES = {"front": 90, "side": 150}
DEPTH = np.full((480, 848), 700, np.uint16)  # [mm]
WRIST = """
{width: 640, height: 480, focal_length: [600, 600], principal_point: [319.5, 239.5], frame: panda_tcp,
 position: [0.05, 0.0, -0.1], orientation: [0.0, 0.0, 0.0, 1.0]}
"""


class Watcher:
    """What is heard of a camera."""

    def __init__(self, name: str) -> None:
        self.node = rclpy.create_node(f"watcher_{name}")
        self.color: list[Image] = []
        self.depth: list[Image] = []
        self.info: list[CameraInfo] = []
        self.pose: list[PoseStamped] = []
        self.heard: list[float] = []  # ROS time of each colour picture [s]
        self.said: list[tuple[bytes, str]] = []
        self.values: list[dict[str, str]] = []
        topic = f"cameras/{name}"
        self.node.create_subscription(Image, f"{topic}/color/image_raw", self._on_color, qos.IMAGES_NEWEST)
        self.node.create_subscription(
            Image, f"{topic}/aligned_depth_to_color/image_raw", self.depth.append, qos.IMAGES_NEWEST
        )
        self.node.create_subscription(CameraInfo, f"{topic}/color/camera_info", self.info.append, qos.STREAM)
        self.node.create_subscription(PoseStamped, f"{topic}/pose", self.pose.append, qos.LATCHED)
        self.node.create_subscription(DiagnosticArray, "diagnostics", self._on_diagnostics, qos.EVENTS)

    def _on_color(self, message: Image) -> None:
        self.heard.append(self.node.get_clock().now().nanoseconds * 1e-9)
        self.color.append(message)

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        for status in message.status:
            if status.name == "camera":
                self.said.append((status.level, status.message))
                self.values.append({pair.key: pair.value for pair in status.values})

    @property
    def stamps(self) -> list[float]:
        """Return the stamps of its colour pictures [s]."""
        return [messages.seconds(message.header.stamp) for message in self.color]


class Rig:
    """Cameras in their ports, the node that publishes them, and who watches."""

    def __init__(self, ports: soft.UsbPorts) -> None:
        self.ports, self.running = ports, ExitStack()
        self.feeds: dict[str, soft.Feed] = {}
        self.nodes: list[rclpy.node.Node] = []
        self.executor = EventsExecutor()

    def plug(self, name: str, color: np.ndarray | None = None) -> None:
        """Plug a camera, which shows a picture from now on, its shade where none is given."""
        camera = self.ports.plug(soft.SoftwareCamera(SERIALS[name]))
        if color is None:
            color = np.full((480, 640, 3), SHADES[name], np.uint8)
        self.feeds[name] = self.running.enter_context(soft.Feed(camera, color, DEPTH, rate=10.0))

    def unplug(self, name: str) -> None:
        """Pull its cable."""
        self.feeds[name].__exit__()
        self.ports.unplug(SERIALS[name])

    def add(self, node: rclpy.node.Node) -> None:
        """Spin a node."""
        self.nodes.append(node)
        self.executor.add_node(node)

    def watch(self, name: str) -> Watcher:
        """Watch a camera."""
        watcher = Watcher(name)
        self.add(watcher.node)
        return watcher

    def until(self, condition: Callable[[], bool], seconds: float = 20.0) -> bool:
        """Spin until that is so."""
        return spin_until(self.executor, condition, seconds)


@pytest.fixture
def rig(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Rig]:
    """Put software devices where the SDK looks for cameras; settings with their serial numbers."""
    (tmp_path / "realsense").mkdir()
    for name, serial in SERIALS.items():
        (tmp_path / "realsense" / f"{name}.yaml").write_text(f'serial: "{serial}"\n')
    monkeypatch.setenv("VLA_CONFIG", str(tmp_path))
    ports = soft.UsbPorts()
    monkeypatch.setattr(library, "open_context", ports.open_context)
    rclpy.init(args=["--ros-args", "-p", "source:=realsense", *getattr(request, "param", ())])
    rig = Rig(ports)
    yield rig
    with rig.running:
        for node in rig.nodes:
            if isinstance(node, CameraNode):
                node.close()
        leave(rig.executor, *rig.nodes)


def started(rig: Rig) -> CameraNode:
    """Return a node that publishes."""
    node = CameraNode()
    rig.add(node)
    node.trigger_configure()
    assert node.failure is None, node.failure
    node.trigger_activate()
    return node


def test_two_cameras_are_published_as_the_simulators_are(rig):
    for name in SERIALS:
        rig.plug(name)
    started(rig)
    watched = {name: rig.watch(name) for name in SERIALS}
    assert rig.until(lambda: all(len(w.depth) > 5 and len(w.color) > 5 and w.info and w.pose for w in watched.values()))
    for name, watcher in watched.items():
        frame = f"{name}_color_optical_frame"
        color, depth, info = watcher.color[-1], watcher.depth[-1], watcher.info[-1]
        assert (color.encoding, color.width, color.height, color.header.frame_id) == ("rgb8", 640, 480, frame)
        assert (depth.encoding, depth.width, depth.height, depth.header.frame_id) == ("16UC1", 640, 480, frame)
        assert (messages.color_array(color) == SHADES[name]).all()
        np.testing.assert_allclose(messages.depth_array(depth)[60:420, 60:580], 0.7, atol=1e-6)
        assert info.header.frame_id == frame
        np.testing.assert_allclose(messages.intrinsics(info), [[600, 0, 319.5], [0, 600, 239.5], [0, 0, 1]])
        pose = messages.transform(watcher.pose[-1].pose)
        np.testing.assert_allclose(pose, load_calibration(name).T_frame_camera, atol=1e-6)
        assert watcher.pose[-1].header.frame_id == "panda_link0"
        stamps = np.array(watcher.stamps)
        assert (np.diff(stamps) > 0.0).all()
        late = np.array(watcher.heard) - stamps
        assert (late > 0.0).all()
        assert np.median(late) < 2.0  # of ROS time at all, on a machine however busy
        assert {messages.seconds(message.header.stamp) for message in watcher.depth[:-1]} & set(watcher.stamps)
    assert rig.until(lambda: any(text == "2 cameras" for _, text in watched["front"].said))


def test_a_cable_that_is_pulled_silences_its_camera_alone_and_it_comes_back(rig):
    for name in SERIALS:
        rig.plug(name)
    started(rig)
    front, side = rig.watch("front"), rig.watch("side")
    assert rig.until(lambda: len(front.color) > 5 and len(side.color) > 5)
    rig.unplug("front")
    fault = (messages.ERROR, f"camera 'front': RealSense {SERIALS['front']} is unplugged")
    assert rig.until(lambda: fault in front.said)
    count, others = len(front.color), len(side.color)
    assert rig.until(lambda: len(side.color) > others + 5)
    assert len(front.color) == count
    rig.plug("front")
    assert rig.until(lambda: len(front.color) > count + 5), front.values[-3:]
    front.said.clear()
    assert rig.until(lambda: (messages.OK, "2 cameras") in front.said)
    assert (np.diff(front.stamps) > 0.0).all()


def test_a_camera_that_was_pushed_since_it_was_calibrated_is_named(rig, tmp_path):
    (tmp_path / "cameras").mkdir()
    for name in SERIALS:
        (tmp_path / f"cameras/{name}.yaml").write_text(calibration_text(load_calibration(name)))
    blocks = np.random.default_rng(0).integers(20, 235, (24, 32, 3)).astype(np.uint8).repeat(20, 0).repeat(20, 1)
    for name in SERIALS:
        assert cv2.imwrite(str(tmp_path / f"cameras/{name}.reference.png"), blocks[..., ::-1])
    rig.plug("front", np.roll(blocks, (0, 7), (0, 1)))
    rig.plug("side", blocks)
    started(rig)
    front = rig.watch("front")
    rig.watch("side")
    assert rig.until(lambda: (messages.WARN, "moved since they were calibrated: front") in front.said), front.said[-2:]
    assert float(front.values[-1]["front.moved_px"]) == pytest.approx(7.0, abs=0.5)
    assert rig.until(lambda: float(front.values[-1].get("side.moved_px", "9")) < 0.2)


def test_nothing_is_published_while_the_node_is_not_active(rig):
    for name in SERIALS:
        rig.plug(name)
    node = started(rig)
    front = rig.watch("front")
    assert rig.until(lambda: len(front.color) > 2)
    node.trigger_deactivate()
    rig.until(lambda: False, 0.5)
    count = len(front.color)
    rig.until(lambda: False, 0.5)
    assert len(front.color) == count
    node.trigger_cleanup()
    node.trigger_configure()
    assert node.failure is None
    node.trigger_activate()
    assert rig.until(lambda: len(front.color) > count + 2)


@pytest.mark.parametrize("rig", [("-p", "cameras:=wrist")], indirect=True)
def test_a_camera_on_the_hand_has_the_pose_of_its_exposure_not_of_its_arrival(rig, tmp_path):
    """The first joint turns at 1 rad/s while pictures come 0.2 s late; others say where a gripper and wheels are."""
    (tmp_path / "cameras").mkdir()
    (tmp_path / "cameras" / "wrist.yaml").write_text(WRIST)
    robot = load_embodiment("franka")
    joints, home = robot.driven_joints, dict(zip(robot.arms[0].joints, robot.arms[0].home, strict=True))
    camera = rig.ports.plug(soft.SoftwareCamera("7"))
    began, shown = time.time(), 0.0
    started(rig)
    watcher = rig.watch("wrist")
    poses: list[PoseStamped] = []
    watcher.node.create_subscription(PoseStamped, "cameras/wrist/pose", poses.append, qos.MOVING)
    states = watcher.node.create_publisher(JointState, "joint_states", qos.STREAM)

    def at(stamp: float) -> dict[str, float]:
        return dict.fromkeys(joints, 0.01) | home | {"panda_joint1": stamp - began}

    others = {"knuckle_joint": 0.7}, {"wheel_joint": float("nan")}
    said = itertools.cycle((None, None, others[0], None, None, others[1]))

    def enough() -> bool:
        nonlocal shown
        now = time.time()
        states.publish(messages.joint_position_message(next(said) or at(now), now))
        if now - shown > 0.1:
            shown = now
            camera.show(np.zeros((480, 640, 3), np.uint8), DEPTH, now - 0.2, domain=soft.GLOBAL)
        return len(poses) > 4

    assert rig.until(enough, 40.0)
    tree, T_hand_camera = LinkTree(expand_urdf(robot)), load_calibration("wrist").T_frame_camera
    for pose in poses:
        T = tree.between(robot.base_frame, "panda_tcp", at(messages.seconds(pose.header.stamp))) @ T_hand_camera
        assert np.abs(messages.transform(pose.pose) - T).max() < 0.03


def refusal(rig: Rig) -> ConfigError:
    """Return why the node cannot be configured."""
    node = CameraNode()
    rig.add(node)
    node.trigger_configure()
    assert isinstance(node.failure, ConfigError)
    return node.failure


def test_no_camera_and_missing_ones_are_refused(rig):
    assert "no RealSense camera is connected" in str(refusal(rig))
    rig.plug("front")
    assert f"camera 'side': no RealSense with the serial number '{SERIALS['side']}'" in str(refusal(rig))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ("serial: 819112070001", "expected str"),
        ("widht: 640", "did you mean 'width'"),
        ("rate: 1", "rate 5 to 300 Hz, got 640x480, depth 848x480, 1 Hz"),
        ("filters: {hole_filling: near}", "did you mean 'nearest'"),
        ("optics: file", "optics"),
        ("{optics: calibration, width: 320, height: 240}", "was calibrated with 640x480"),
        ('{serial: "819112070001", rate: 90}', "has no colour of 640x480 at 90 Hz"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(rig, tmp_path, settings, words):
    for name in SERIALS:
        rig.plug(name)
    (tmp_path / "realsense" / "front.yaml").write_text(settings)
    text = str(refusal(rig))
    assert words in text
    assert "\n" not in text


def test_simulated_time_is_refused(rig):
    rig.plug("front")
    node = CameraNode()
    node.set_parameters([Parameter("use_sim_time", value=True)])
    rig.add(node)
    node.trigger_configure()
    assert "leave use_sim_time:=false" in str(node.failure)

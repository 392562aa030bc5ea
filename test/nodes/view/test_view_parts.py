# SPDX-License-Identifier: Apache-2.0
"""What the view node is made of, without ROS: trails, message definitions, chunks as ways, the time."""

from __future__ import annotations

import json
import re
import socket

import numpy as np
import pytest
from assets import PAIR
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray
from sensor_msgs.msg import CameraInfo, JointState
from visualization_msgs.msg import MarkerArray

from controllers.arm.model import ArmModel
from controllers.chunks.chunk import ActionChunk, pose_channels
from controllers.errors import ConfigError
from vla_ros.nodes.view.chunks import tool_way
from vla_ros.nodes.view.layout import layout
from vla_ros.nodes.view.ros_channel import definition, full_name
from vla_ros.nodes.view.server import ViewServer
from vla_ros.nodes.view.trail import Trail
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

PRIMITIVES = {"bool", "byte", "char", "string", "float32", "float64"} | {f"{s}int{n}" for s in ("", "u") for n in
                                                                         (8, 16, 32, 64)}  # fmt: skip


def test_a_trail_keeps_the_last_seconds_and_ends_at_the_newest_point():
    trail = Trail(duration=2.0, spacing=0.01, period=0.1)
    for tick in range(501):
        time = tick / 100
        trail.add(time, np.array([time, 0.0, 0.0]))
    points = trail.points()
    assert points[0, 0] == pytest.approx(3.0, abs=0.11)
    assert points[-1, 0] == 5.0
    assert len(points) < 25
    assert (np.diff(points[:, 0]) > 0.0).all()


def test_a_trail_of_a_point_at_rest_stays_one_point():
    trail = Trail(duration=2.0, spacing=0.01)
    for tick in range(500):
        trail.add(tick / 100, np.zeros(3))
    assert len(trail.points()) <= 2


def test_a_trail_begins_anew_when_time_turns_back():
    trail = Trail()
    trail.add(10.0, np.zeros(3))
    trail.add(0.0, np.ones(3))
    np.testing.assert_array_equal(trail.points(), [[1.0, 1.0, 1.0]])
    trail.clear()
    assert trail.points().shape == (0, 3)


@pytest.mark.parametrize("kind", [DiagnosticArray, CameraInfo, JointState, MarkerArray, Time])
def test_a_definition_defines_every_type_it_uses(kind):
    first, *others = definition(kind).split("\n" + "=" * 80 + "\n")
    defined = {}
    for text in others:
        head, _, body = text.partition("\n")
        defined[re.fullmatch(r"MSG: (\w+/\w+)", head)[1]] = body
    used = {line.split()[0] for text in (first, *defined.values()) for line in text.splitlines()}
    for name in used:
        plain = re.sub(r"\[.*\]$", "", name)
        assert plain in PRIMITIVES or plain in defined, name
    assert full_name(kind).split("/")[1] == "msg"


def test_a_definition_says_what_the_message_file_says():
    text = definition(DiagnosticArray)
    assert text.startswith("std_msgs/Header header\ndiagnostic_msgs/DiagnosticStatus[] status\n===")
    assert "MSG: diagnostic_msgs/DiagnosticStatus\nbyte level\nstring name\nstring message\n" in text
    assert "float64[9] k\n" in definition(CameraInfo)


def test_a_chunk_of_joints_is_shown_as_the_tools_way():
    franka = load_embodiment("franka")
    arm = franka.arms[0]
    model = ArmModel(expand_urdf(franka), arm.joints, arm.tool_frame)
    q = arm.home + np.linspace(0.0, 0.2, 5)[:, None]
    channels = tuple(f"{joint}/position" for joint in arm.joints)
    chunk = ActionChunk(1.0, "panda_link0", channels, 0.1 * np.arange(1, 6), q)
    positions, quaternions = tool_way(chunk, arm, model)
    np.testing.assert_allclose(positions[-1], model.forward(q[-1])[:3, 3])
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0)
    gripper = ActionChunk(1.0, "panda_link0", ("panda_hand/width",), np.array([0.1]), np.array([[0.04]]))
    assert tool_way(gripper, arm, model) is None
    pose = ActionChunk(1.0, "panda_link0", pose_channels("panda"), np.array([0.1]), np.array([[1.0, 2, 3, 0, 0, 0, 1]]))
    np.testing.assert_allclose(tool_way(pose, arm, model)[0], [[1.0, 2.0, 3.0]])


def test_the_time_shown_is_the_newest_and_turns_back_only_with_the_robots():
    server = ViewServer("test", 0)
    try:
        server.follow(10.0)
        server.see(4.0)  # a chunk of a slow policy
        assert server.time == 10.0
        server.follow(9.9)  # out of order
        assert server.time == 10.0
        server.follow(0.0)  # another simulation
        assert server.time == 0.0
        server.see(3600.0)  # a camera with another clock: the robot has not turned back
        for time in (0.1, 0.2, 0.3):
            server.follow(time)
            assert server.time == 3600.0
    finally:
        server.close()


def test_a_busy_port_is_one_line():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=f"view_port {port}: Address already in use") as error:
            ViewServer("test", port)
    assert "\n" not in str(error.value)


def test_a_layout_shows_every_group_and_camera_of_a_robot_in_its_namespace():
    pair = load_embodiment(str(PAIR))
    made = json.loads(layout(pair, ["base_link", "left_link1"], lambda name: f"/two/{name}"))
    panels = made["configById"]
    plotted = "".join(path["value"] for panel in panels.values() for path in panel.get("paths", ()))
    assert all(f'"{joint}"' in plotted for joint in pair.driven_joints)
    images = [panel["imageMode"]["imageTopic"] for panel in panels.values() if "imageMode" in panel]
    assert images == [f"/two/cameras/{name}/color/image_raw/compressed" for name in pair.cameras]
    assert panels["3D!scene"]["fixedFrame"] == pair.base_frame
    topics = {topic for panel in panels.values() for topic in panel.get("topics", ())}
    assert all(topic.startswith("/two/") for topic in topics)

    def shares(place: object) -> list[float]:
        return [] if isinstance(place, str) else [place["splitPercentage"], *shares(place["first"]),
                                                  *shares(place["second"])]  # fmt: skip

    assert all(0.0 < share < 100.0 for share in shares(made["layout"]))

# SPDX-License-Identifier: Apache-2.0
"""The view node as a process over real DDS, watched by a real WebSocket client."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import rclpy
from assets import ROOT
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.serialization import deserialize_message
from rig.nodes import NodeUnderTest
from std_msgs.msg import String

from bench.foxglove_client import FoxgloveClient
from bench.watched_graph import picture
from controllers.rotations import write_matrix
from vla_ros.launching.environment import module_environment
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.visible_robot import VisibleRobot

BASE, TOOL = "panda_link0", "panda_tcp"
CHANNELS = {
    "/tf": ("protobuf", "foxglove.FrameTransforms"),
    "/robot": ("protobuf", "foxglove.SceneUpdate"),
    "/joint_states": ("protobuf", "foxglove.JointStates"),
    "/measured_path": ("protobuf", "foxglove.SceneUpdate"),
    "/control/commanded_path": ("protobuf", "foxglove.SceneUpdate"),
    "/control/progress": ("json", "vla_ros.ControlProgress"),
    "/policy/detections": ("protobuf", "foxglove.SceneUpdate"),
    "/policy/grasp": ("protobuf", "foxglove.SceneUpdate"),
    **{f"/policy/reasoning/{c}": ("protobuf", "foxglove.ImageAnnotations") for c in ("front", "side")},
    "/diagnostics": ("cdr", "diagnostic_msgs/msg/DiagnosticArray"),
    "/instruction": ("cdr", "std_msgs/msg/String"),
    "/estop": ("cdr", "std_msgs/msg/Bool"),
    "/log": ("protobuf", "foxglove.Log"),
    **{f"/{s}/action_chunk/path": ("protobuf", "foxglove.SceneUpdate") for s in ("policy", "planner", "teleop")},
    **{f"/{s}/action_chunk/poses": ("protobuf", "foxglove.PosesInFrame") for s in ("policy", "planner", "teleop")},
    **{f"/cameras/{c}/color/image_raw/compressed": ("protobuf", "foxglove.CompressedImage") for c in ("front", "side")},
    **{f"/cameras/{c}/color/camera_info": ("protobuf", "foxglove.CameraCalibration") for c in ("front", "side")},
}


class Watched:
    """A view node, and a process that publishes what it shows."""

    def __init__(self, folder: Path) -> None:
        self.view = NodeUnderTest("view", port=0, run_directory=str(folder))
        self.layout = folder / "foxglove.json"
        self.url = self._address()
        self.start_graph()

    def _address(self) -> str:
        for line in self.view.process.stdout:
            if "ws://" in line:
                return next(word.rstrip(",") for word in line.split() if word.startswith("ws://"))
        raise AssertionError("the view node ended")

    def start_graph(self) -> None:
        command = [sys.executable, "-m", "bench.watched_graph"]
        self.graph = subprocess.Popen(command, env=module_environment(), cwd=ROOT)

    def end_graph(self) -> None:
        self.graph.send_signal(signal.SIGINT)
        assert self.graph.wait(10.0) == 0

    def client(self) -> FoxgloveClient:
        return FoxgloveClient(self.url)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Start both once; at the end the view node must go quietly."""
    watched = Watched(tmp_path_factory.mktemp("view"))
    try:
        yield watched
        code, output, seconds = watched.view.stop()
        assert code == 0, output
        assert "Traceback" not in output, output
        assert seconds < 8.0  # it gives way to all others
    finally:
        watched.view.kill()
        watched.graph.kill()
        watched.graph.wait()


@pytest.fixture(scope="module")
def everything(watched):
    """Return a client that has watched all channels for a while."""
    client = watched.client()
    client.subscribe()
    quiet = {f"/{s}/action_chunk/{k}" for s in ("planner", "teleop") for k in ("path", "poses")}
    assert client.listen(40.0, lambda: all(client.messages[topic] for topic in CHANNELS if topic not in quiet)), [
        topic for topic in CHANNELS if not client.messages[topic]
    ]
    client.listen(4.0)
    client.close()
    return client


def seconds(stamp: dict) -> float:
    return stamp.get("seconds", 0) + stamp.get("nanos", 0) * 1e-9


def xyz(vector: dict) -> np.ndarray:
    return np.array([vector.get(axis, 0.0) for axis in "xyz"])


def matrix(transform: dict, position: str, rotation: str) -> np.ndarray:
    T = np.eye(4)
    T[:3, 3] = xyz(transform[position])
    write_matrix([transform[rotation].get(axis, 0.0) for axis in "xyzw"], T[:3, :3])
    return T


def line(update: dict) -> np.ndarray:
    (entity,) = update["entities"]
    assert entity["frame_id"] == BASE
    return np.array([xyz(point) for point in entity["lines"][0]["points"]])


def links(client: FoxgloveClient) -> list[dict]:
    """Return every message of transforms that places the robot, not a camera."""
    found = [received.content for received in client.messages["/tf"]]
    return [tf for tf in found if any(t["child_frame_id"] == TOOL for t in tf["transforms"])]


def place(tf: dict) -> dict[str, np.ndarray]:
    placed = {BASE: np.eye(4)}
    for transform in tf["transforms"]:
        parent, child = transform["parent_frame_id"], transform["child_frame_id"]
        placed[child] = placed[parent] @ matrix(transform, "translation", "rotation")
    return placed


def test_it_offers_what_the_documentation_says(watched, root):
    client = watched.client()
    offered = {topic: (c["encoding"], c["schemaName"]) for topic, c in client.channels.items()}
    assert offered == CHANNELS
    assert client.server["capabilities"] == ["time"]
    documentation = (root / "docs" / "viewer.md").read_text()
    for topic, (_, schema) in CHANNELS.items():
        general = topic.replace("/front/", "/<name>/").replace("/side/", "/<name>/")
        general = re.sub("^/policy/reasoning/(front|side)$", "/policy/reasoning/<name>", general)
        general = general.replace("/planner/", "/<source>/").replace("/teleop/", "/<source>/")
        general = general.replace("/policy/action", "/<source>/action")
        assert f"| `{general}` | {schema} |" in documentation, topic
    client.close()


def test_it_listens_on_this_machine_alone(watched):
    sockets = psutil.Process(watched.view.process.pid).net_connections("tcp")
    listening = [s.laddr.ip for s in sockets if s.status == psutil.CONN_LISTEN]
    assert listening == ["127.0.0.1"]


def test_the_layouts_topics_and_frames_exist(watched, everything):
    layout = json.loads(watched.layout.read_text())
    panels = layout["configById"]
    named = [panel.get("topicToRender", "") for panel in panels.values()]
    named += [panel.get("topicPath", "") for panel in panels.values()]
    named += [path["value"] for panel in panels.values() for path in panel.get("paths", ())]
    named += [topic for panel in panels.values() for topic in panel.get("topics", ())]
    named += [topic for panel in panels.values() for topic in panel.get("imageMode", {}).get("annotations", ())]
    named += [v for panel in panels.values() for k, v in panel.get("imageMode", {}).items() if k.endswith("Topic")]
    topics = {name.partition(".")[0] for name in named if name}
    assert topics <= CHANNELS.keys()
    # All that is offered has a place; the e-stop is in control's progress.
    assert CHANNELS.keys() - topics == {"/tf", "/estop"}
    frames = place(links(everything)[-1]).keys()
    hidden = {name.removeprefix("frame:") for name in panels["3D!scene"]["transforms"]}
    assert hidden < frames
    assert panels["3D!scene"]["followTf"] in frames

    def ids(node: object) -> list[str]:
        return [node] if isinstance(node, str) else ids(node["first"]) + ids(node["second"])

    assert sorted(ids(layout["layout"])) == sorted(panels)


def test_the_layouts_settings_are_foxgloves(watched):
    import dataclasses

    from foxglove import layouts as fl

    def keys(kind: type) -> set[str]:
        words = (field.name.split("_") for field in dataclasses.fields(kind))
        return {first + "".join(word.capitalize() for word in rest) for first, *rest in words} | {"title"}

    kinds = {
        "3D": fl.ThreeDeeConfig,
        "Image": fl.ImageConfig,
        "Plot": fl.PlotConfig,
        "StateTransitions": fl.StateTransitionsConfig,
        "DiagnosticSummary": fl.DiagnosticsSummaryConfig,
        "DiagnosticStatusPanel": fl.DiagnosticsDetailConfig,
        "RosOut": fl.LogConfig,
        "RawMessages": fl.RawMessagesConfig,
    }
    panels = json.loads(watched.layout.read_text())["configById"]
    for name, panel in panels.items():
        known = keys(kinds[name.partition("!")[0]]) | {"cameraState", "zOffset"}
        assert panel.keys() <= known, name
        series = {"Plot": fl.PlotSeries, "StateTransitions": fl.StateTransitionsSeries}.get(name.partition("!")[0])
        for path in panel.get("paths", ()):
            assert path.keys() <= keys(series), name


def test_transforms_are_the_robots_at_the_joint_states_shown(everything):
    embodiment = load_embodiment("franka")
    joints = [*embodiment.arms[0].joints, *embodiment.grippers[0].joints]
    tree = VisibleRobot(expand_urdf(embodiment), joints)
    states = {round(r.time, 6): r.content for r in everything.messages["/joint_states"]}
    compared = 0
    for tf in links(everything):
        stamp = round(seconds(tf["transforms"][0]["timestamp"]), 6)
        if stamp not in states:
            continue
        assert [joint["name"] for joint in states[stamp]["joints"]] == joints
        tree.update(np.array([joint.get("position", 0.0) for joint in states[stamp]["joints"]]))
        for link, T_base_link in place(tf).items():
            np.testing.assert_allclose(T_base_link, tree.T_base_link(link), atol=1e-6)
        compared += 1
    assert compared > 5


def test_the_robots_shapes_hang_on_frames_that_are_published(everything):
    frames = place(links(everything)[-1]).keys()
    update = everything.newest("/robot")
    assert {entity["frame_id"] for entity in update["entities"]} <= frames
    assert all(entity["frame_locked"] for entity in update["entities"])
    count = sum(len(entity[kind]) for entity in update["entities"] for kind in ("cubes", "cylinders", "spheres"))
    assert count == len(VisibleRobot(expand_urdf(load_embodiment("franka")), []).shapes)


def tool_at(time: float) -> np.ndarray:
    """Return where the swinging arm of bench/watched_graph.py has its tool: exact, however busy the machine is."""
    arm = load_embodiment("franka").arms[0]
    tree = VisibleRobot(expand_urdf(load_embodiment("franka")), arm.joints)
    tree.update(arm.home + np.array([0.4 * np.sin(time), 0, 0, 0, 0, 0, 0]))
    return tree.T_base_link(TOOL)[:3, 3]


@pytest.mark.parametrize("topic", ["/measured_path", "/control/commanded_path"])
def test_paths_end_at_the_tool_and_follow_its_arc(everything, topic):
    for received in everything.messages[topic][-5:]:
        np.testing.assert_allclose(line(received.content)[-1], tool_at(received.time), atol=1e-5)
    path = line(everything.newest(topic))
    assert len(path) > 10
    radius = np.linalg.norm(tool_at(0.0)[:2])
    np.testing.assert_allclose(np.linalg.norm(path[:, :2], axis=1), radius, atol=1e-5)


def test_a_chunk_begins_where_the_tool_was_and_fades(everything):
    paths, shown = (
        {message.time: message.content for message in everything.messages[f"/policy/action_chunk/{name}"]}
        for name in ("path", "poses")
    )
    stamp = max(paths.keys() & shown.keys())  # the newest of one may be of a chunk whose other has not come yet
    update = paths[stamp]
    path = line(update)
    assert path.shape == (4, 3)
    np.testing.assert_allclose(np.diff(path, axis=0), [[0.0, 0.0, 0.01]] * 3, atol=1e-9)
    np.testing.assert_allclose([xyz(pose["position"]) for pose in shown[stamp]["poses"]], path)
    assert seconds(update["entities"][0]["lifetime"]) == pytest.approx(2.4)
    assert len(update["entities"][0]["spheres"]) == 4
    np.testing.assert_allclose(path[0], tool_at(stamp) + np.array([0.0, 0.0, 0.01]), atol=1e-5)


def test_images_are_the_cameras_compressed(everything):
    message = everything.newest("/cameras/front/color/image_raw/compressed")
    assert (message["format"], message["frame_id"]) == ("jpeg", "front_color_optical_frame")
    image = cv2.imdecode(np.frombuffer(message["data"], np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(int)
    assert image.shape == (480, 640, 3)
    # The picture is shifted from frame to frame; its colours stay, in their order.
    np.testing.assert_allclose(image.mean(axis=(0, 1)), picture().mean(axis=(0, 1)), atol=1.5)
    assert len(message["data"]) < 0.15 * image.size
    info = everything.newest("/cameras/front/color/camera_info")
    assert (info["width"], info["height"], info["K"][0], info["frame_id"]) == (640, 480, 617.0, message["frame_id"])
    placed = [t for r in everything.messages["/tf"] for t in r.content["transforms"]]
    side = [t for t in placed if t["child_frame_id"] == "side_color_optical_frame"]
    np.testing.assert_allclose(xyz(side[-1]["translation"]), [1.0, 0.1, 0.5])
    assert side[-1]["parent_frame_id"] == BASE


def test_progress_is_numbers_and_words(everything):
    values = everything.newest("/control/progress")
    assert isinstance(values["executed_s"], float)
    assert isinstance(values["remaining_s"], float)
    assert isinstance(values["lateness_ms"], float)
    assert values["enabled"] is True
    assert values["moving"] is True
    schema = json.loads(everything.channels["/control/progress"]["schema"])
    assert schema["properties"].keys() == values.keys()


def test_detections_are_boxes_with_words(everything):
    (entity,) = everything.newest("/policy/detections")["entities"]
    np.testing.assert_allclose(xyz(entity["cubes"][0]["pose"]["position"]), [0.5, 0.0, 0.05])
    np.testing.assert_allclose(xyz(entity["cubes"][0]["size"]), 0.08)
    assert entity["texts"][0]["text"] == "red mug 0.9"
    assert entity["frame_id"] == BASE


def test_the_grasp_is_a_gripper_of_lines(everything):
    (entity,) = everything.newest("/policy/grasp")["entities"]
    assert entity["frame_id"] == BASE
    lines = np.array([[xyz(point) for point in line["points"]] for line in entity["lines"]])
    assert lines.shape == (4, 2, 3)
    assert np.linalg.norm(lines[0] - lines[1], axis=-1) == pytest.approx(0.05)  # the fingers, open by 5 cm


def test_boxes_are_drawn_over_the_image_the_one_meant_thicker(everything):
    thin, thick = everything.newest("/policy/reasoning/side")["points"]
    corners = np.array([[point["x"], point["y"]] for point in thick["points"]])
    assert (*corners.min(axis=0), *corners.max(axis=0)) == (100.0, 200.0, 180.0, 260.0)
    assert len(thick["outline_colors"]) == 4
    assert thick["outline_colors"][0]["a"] == 1.0
    assert thin["outline_colors"][0]["a"] == 0.5
    assert thin["thickness"] < thick["thickness"]


def test_ros_messages_are_passed_on_whole(everything):
    status = deserialize_message(everything.newest("/diagnostics"), DiagnosticArray).status[0]
    assert (status.name, status.message) == ("bench", "swings")
    assert deserialize_message(everything.newest("/instruction"), String).data == "pick up the red mug"
    assert everything.channels["/diagnostics"]["schemaEncoding"] == "ros2msg"


def test_the_log_has_what_changed_once(everything):
    lines = [received.content for received in everything.messages["/log"]]
    assert [line["message"] for line in lines if line["name"] == "bench"] == ["swings"]


def test_clients_are_told_the_graphs_time(everything):
    assert everything.times == sorted(everything.times)
    newest = max(r.time for received in everything.messages.values() for r in received)
    assert abs(everything.times[-1] - newest) < 2.0
    assert newest < 1000.0  # not the wall clock's


def test_only_what_is_watched_is_subscribed_to(watched):
    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("observer", context=context)
    topics = ("/cameras/front/color/image_raw", "/joint_states", "/control/progress", "/policy/action_chunk")

    def heard() -> set[str]:
        infos = {topic: node.get_subscriptions_info_by_topic(topic) for topic in topics}
        return {t for t, info in infos.items() if any("view_node" in one.node_name for one in info)}

    def becomes(expected: set[str]) -> bool:
        end = time.monotonic() + 30.0
        while heard() != expected:
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True

    client = watched.client()
    try:
        client.subscribe("/cameras/front/color/image_raw/compressed")
        assert becomes({"/cameras/front/color/image_raw"})
        client.unsubscribe()
        assert becomes(set())
        client.subscribe("/joint_states", "/policy/action_chunk/path")
        assert becomes({"/joint_states", "/policy/action_chunk"})
        client.close()
        assert becomes(set())
    finally:
        node.destroy_node()
        rclpy.shutdown(context=context)


def test_clients_that_vanish_leave_the_others_alone(watched):
    first, second = watched.client(), watched.client()
    for client in (first, second):
        client.subscribe("/joint_states", "/instruction")
    first.vanish()
    second.messages.clear()
    assert second.listen(20.0, lambda: len(second.messages["/joint_states"]) > 10)
    # Whoever comes later hears what was said once.
    assert second.listen(20.0, lambda: bool(second.messages["/instruction"]))
    second.close()
    assert watched.view.process.poll() is None


def test_a_new_simulation_begins_a_new_session(watched):
    client = watched.client()
    client.subscribe("/measured_path", "/control/progress")
    assert client.listen(30.0, lambda: bool(client.times) and client.times[-1] > 3.0)
    session, before = client.server["sessionId"], client.times[-1]
    watched.end_graph()
    watched.start_graph()
    assert client.listen(30.0, lambda: client.server["sessionId"] != session)
    client.messages.clear()
    client.times.clear()
    assert client.listen(20.0, lambda: len(client.messages["/measured_path"]) > 2)
    assert client.times[0] < before
    client.close()


def test_a_busy_port_is_one_line_and_code_2():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        node = NodeUnderTest("view", port=other.getsockname()[1])
        try:
            output, _ = node.process.communicate(timeout=90.0)
        finally:
            node.kill()
    assert node.process.returncode == 2
    assert len(output.strip().splitlines()) == 1
    assert "Address already in use" in output

# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
import sys
import time

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseStamped
from rig.nodes import JOINTS
from sensor_msgs.msg import JointState

from controllers.arm.model import ArmModel
from controllers.errors import VlaError
from vla_ros import messages, qos
from vla_ros.launching.jobs import load_job
from vla_ros.nodes import tf_node
from vla_ros.robots.embodiment import expand_urdf, load_embodiment

HAS_TF = importlib.util.find_spec("tf2_msgs") is not None


def test_a_transform_message_carries_its_frames_and_its_stamp():
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = [[0, -1, 0], [1, 0, 0], [0, 0, 1]], (1.0, 2.0, 3.0)
    message = messages.transform_stamped(T, 1.25, "base", "tip")
    assert (message.header.frame_id, message.child_frame_id) == ("base", "tip")
    assert messages.seconds(message.header.stamp) == 1.25
    translation, rotation = message.transform.translation, message.transform.rotation
    assert (translation.x, translation.y, translation.z) == (1.0, 2.0, 3.0)
    np.testing.assert_allclose([rotation.x, rotation.y, rotation.z, rotation.w], [0, 0, 0.5**0.5, 0.5**0.5])


def test_the_node_is_part_of_the_job_exactly_where_tf2_msgs_is():
    graph = load_job("franka_grasp")
    on = {argument.name: argument.default for argument in graph.arguments}
    assert ("tf" in [node.name for node in graph.active_nodes(on)]) is HAS_TF
    assert "tf" not in [node.name for node in graph.active_nodes(on | {"tf": False})]


def test_without_tf2_msgs_the_node_says_so_in_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2_msgs", None)
    monkeypatch.setitem(sys.modules, "tf2_msgs.msg", None)
    with pytest.raises(VlaError, match="tf2_msgs comes with a full ROS 2"):
        tf_node._message_type()


@pytest.mark.skipif(not HAS_TF, reason="tf2_msgs comes with a full ROS 2")
def test_the_chain_on_tf_leads_to_the_tool_and_the_cameras():
    from tf2_msgs.msg import TFMessage

    embodiment = load_embodiment("franka")
    arm = embodiment.arms[0]
    found: dict[str, tuple[str, np.ndarray]] = {}

    def on_tf(message) -> None:
        for one in message.transforms:
            pose = PoseStamped().pose
            t = one.transform.translation
            pose.position.x, pose.position.y, pose.position.z, pose.orientation = t.x, t.y, t.z, one.transform.rotation
            found[one.child_frame_id] = (one.header.frame_id, messages.transform(pose))

    rclpy.init()
    try:
        node, listener = tf_node.TfNode(), rclpy.create_node("listener")
        listener.create_subscription(TFMessage, "/tf", on_tf, qos.EVENTS)
        listener.create_subscription(TFMessage, "/tf_static", on_tf, qos.LATCHED)
        joints = listener.create_publisher(JointState, "joint_states", qos.STREAM)
        camera = listener.create_publisher(PoseStamped, "cameras/front/pose", qos.LATCHED)
        T_base_camera = np.eye(4)
        T_base_camera[:3, 3] = 1.0, 0.5, 0.25
        camera.publish(messages.pose_stamped(T_base_camera, 0.5, embodiment.base_frame))
        fingers = embodiment.grippers[0].joints
        state = messages.JointStateWriter([*fingers[::-1], *JOINTS[::-1]])
        position = np.concatenate([[0.02] * len(fingers), arm.home[::-1]])
        stamp, deadline = 1.0, time.monotonic() + 20.0
        wanted = {arm.joints[0].replace("joint", "link"), arm.tool_frame, "front_color_optical_frame"}
        while not wanted <= found.keys():
            assert time.monotonic() < deadline, found.keys()
            stamp += 0.02
            joints.publish(state.write(stamp, position, 0.0 * position, 0.0 * position))
            for one in (node, listener):
                rclpy.spin_once(one, timeout_sec=0.01)
        frame, T_base_tool = arm.tool_frame, np.eye(4)
        while frame != embodiment.base_frame:
            frame, T_parent_child = found[frame]
            T_base_tool = T_parent_child @ T_base_tool
        model = ArmModel(expand_urdf(embodiment), arm.joints, arm.tool_frame)
        model.update(arm.home, np.zeros(len(arm.joints)))
        np.testing.assert_allclose(T_base_tool, model.T_base_ee, atol=1e-9)
        assert found["front_color_optical_frame"][0] == embodiment.base_frame
        np.testing.assert_allclose(found["front_color_optical_frame"][1], T_base_camera, atol=1e-12)
    finally:
        rclpy.try_shutdown()

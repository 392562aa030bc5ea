# SPDX-License-Identifier: Apache-2.0
"""A camera on the hand through real topics: every picture is given the pose that it was taken from."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseStamped
from rclpy.experimental import EventsExecutor
from rclpy.parameter import Parameter
from rig.spinning import leave, spin_until
from scene_making.drawn_scene import grasping_scene
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Float64MultiArray, String

from controllers.errors import ConfigError, VlaError
from vla_ros import messages, qos
from vla_ros.nodes.camera.publisher import CameraPublisher
from vla_ros.nodes.camera.subscriber import CameraSubscriber
from vla_ros.nodes.camera_node import CameraNode
from vla_ros.nodes.parameters import declare_cameras
from vla_ros.policies.observation import CameraView
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

K = np.diag([50.0, 50.0, 1.0])


def view(name: str, stamp: float, x: float) -> CameraView:
    T = np.eye(4)
    T[0, 3] = x
    return CameraView(name, stamp, np.zeros((48, 64, 3), np.uint8), np.ones((48, 64), np.float32), K, T)


@pytest.fixture
def executor():
    rclpy.init()
    yield EventsExecutor()
    rclpy.try_shutdown()


def test_a_picture_gets_its_own_pose_even_when_later_ones_are_known(executor) -> None:
    node = rclpy.create_node("cameras")
    images: dict[str, dict[float, Image]] = {}
    subscriber = CameraSubscriber(
        node, "wrist", lambda stream, stamp, message: images.setdefault(stream, {}).update({stamp: message}), moves=True
    )
    publisher = CameraPublisher(node, "wrist", "panda_link0", moves=True)
    executor.add_node(node)
    try:
        assert spin_until(executor, lambda: node.count_subscribers("cameras/wrist/pose") > 0, 30.0)
        for k in range(6):
            publisher.publish(view("wrist", 1.0 + 0.1 * k, 0.1 * k))
            spin_until(executor, lambda k=k: len(images.get(subscriber.depth_stream, {})) > k, 30.0)
        color, depth = images[subscriber.color_stream], images[subscriber.depth_stream]
        assert len(color) > 3
        for stamp in color.keys() & depth.keys():
            seen = subscriber.view(color[stamp], depth[stamp])
            assert seen.T_base_camera[0, 3] == pytest.approx(stamp - 1.0, abs=1e-9)
        some = next(iter(color.values()))
        some.header.stamp = messages.stamp(2.0)
        with pytest.raises(VlaError, match=r"camera wrist: no pose for its picture of 2\.000 s"):
            subscriber.view(some, next(iter(depth.values())))
    finally:
        leave(executor, node)


def test_a_calibration_of_another_size_than_the_pictures_is_refused_and_a_bent_lens_is_said(executor) -> None:
    node = rclpy.create_node("cameras")
    said: list[str] = []
    node.get_logger = lambda: SimpleNamespace(warning=said.append)
    images: list[Image] = []
    subscriber = CameraSubscriber(node, "front", lambda stream, stamp, message: images.append(message), depth=False)
    publisher = CameraPublisher(node, "front", "panda_link0", depth=False)
    infos = node.create_publisher(CameraInfo, "cameras/front/color/camera_info", qos.STREAM)
    executor.add_node(node)
    try:
        assert spin_until(executor, lambda: node.count_subscribers("cameras/front/pose") > 0, 30.0)
        publisher.publish(view("front", 1.0, 0.0))
        assert spin_until(executor, lambda: bool(images) and subscriber.calibrated, 30.0)
        assert subscriber.view(images[0]).color.shape == (48, 64, 3)
        assert said == []
        info = messages.camera_info(K, (128, 96), "front_color_optical_frame")
        info.d = [-0.05, 0.06, 0.0, 0.0, 0.0]

        def refused() -> bool:
            try:
                subscriber.view(images[0])
            except VlaError as error:
                return "its pictures are 64x48, its camera_info is for 128x96" in str(error)
            infos.publish(info)
            return False

        assert spin_until(executor, refused, 30.0, wake=0.2)
        infos.publish(info)
        spin_until(executor, lambda: False, 0.5)
        assert len(said) == 1
        assert said[0].startswith("camera front: its camera_info has distortion (plumb_bob)")
    finally:
        leave(executor, node)


def test_cameras_are_chosen_by_their_names() -> None:
    rclpy.init()
    franka = load_embodiment("franka")
    try:
        usual = rclpy.create_node("usual")
        assert declare_cameras(usual, franka).cameras == ("front", "side")
        chosen = rclpy.create_node("chosen", parameter_overrides=[Parameter("cameras", value="front, wrist")])
        assert declare_cameras(chosen, franka).cameras == ("front", "wrist")
        wrong = rclpy.create_node("wrong", parameter_overrides=[Parameter("cameras", value="front,wirst")])
        with pytest.raises(ConfigError, match="did you mean 'wrist'"):
            declare_cameras(wrong, franka)
    finally:
        rclpy.shutdown()


def test_the_camera_node_publishes_where_the_hand_holds_it(executor) -> None:
    """Two states of the simulator: the pose of the wrist camera is that of a world in the same state."""
    rclpy.try_shutdown()
    rclpy.init(args=["--ros-args", "-p", "cameras:=front,wrist", "-p", "seed:=3"])
    executor = EventsExecutor()
    camera, node = CameraNode(), rclpy.create_node("watcher")
    camera.trigger_configure()
    camera.trigger_activate()
    poses: dict[str, list[PoseStamped]] = {"front": [], "wrist": []}
    for name, got in poses.items():
        node.create_subscription(PoseStamped, f"cameras/{name}/pose", got.append, qos.MOVING)
    states = node.create_publisher(Float64MultiArray, "sim/render_state", qos.STREAM)
    node.create_publisher(String, "sim/scene", qos.LATCHED)
    world = World(grasping_scene("basic", 3, cameras=("front", "wrist")), load_embodiment("franka"), settle=False)
    executor.add_node(camera)
    executor.add_node(node)
    try:
        assert spin_until(executor, lambda: node.count_subscribers("sim/render_state") > 0, 30.0)
        for k, turn in enumerate((0.0, 0.4)):
            world.command_position(world.q + turn)
            world.step(500)
            states.publish(Float64MultiArray(data=world.render_state().tolist()))
            assert spin_until(executor, lambda k=k: len(poses["wrist"]) > k, 30.0)
            expected = world.camera("wrist").T_base_camera_published
            np.testing.assert_allclose(messages.transform(poses["wrist"][k].pose), expected, atol=1e-6)
            assert messages.seconds(poses["wrist"][k].header.stamp) == pytest.approx(world.time, abs=1e-6)
        assert len(poses["front"]) == 1  # it stands: once is enough
    finally:
        world.close()
        camera.close()
        leave(executor, camera, node)

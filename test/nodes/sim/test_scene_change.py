# SPDX-License-Identifier: Apache-2.0
"""A simulator that shows another scene without a restart: nodes as processes, real DDS, nothing else is lost."""

from __future__ import annotations

import json

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import PoseArray, PoseStamped
from rclpy.parameter import Parameter
from rig.nodes import NodeUnderTest, Operator
from rig.running_graph import running_graph
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger

from vla_ros import messages, qos
from vla_ros.nodes.sim.scene_choice import announced_choice
from vla_ros.nodes.sim.scene_client import SceneClient
from vla_ros.nodes.sim_node import SimNode
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.world import World

NEW = {"set": "distractor", "seed": 12, "categories": "all", "target": "red mug", "place": "near left"}
HOME = np.array(load_embodiment("franka").arms[0].home)


# -- the simulator's node from inside ----------------------------------------------------------------------------------
@pytest.fixture
def make_sim():
    made = []

    def make(**parameters: object) -> SimNode:
        if made:
            made.pop().destroy_node()
            rclpy.shutdown()
        words = [word for name, value in parameters.items() for word in ("-p", f"{name}:={value}")]
        rclpy.init(args=["--ros-args", *words])
        made.append(SimNode())
        return made[-1]

    yield make
    for node in made:
        node.destroy_node()
    rclpy.try_shutdown()


def reset(sim: SimNode) -> Trigger.Response:
    return sim._on_reset(Trigger.Request(), Trigger.Response())


def test_a_changed_scene_is_bit_for_bit_that_of_a_fresh_simulator(make_sim):
    sim = make_sim(seed=3)
    for _ in range(20):
        sim.advance()
    before = sim.time
    results = sim.set_parameters([Parameter(name, value=value) for name, value in NEW.items()])
    assert all(result.successful for result in results), results
    assert reset(sim).success
    changed = sim._world.render_state()
    assert sim.time > before + 0.9
    sim = make_sim(**NEW)
    np.testing.assert_array_equal(sim._world.render_state(), changed)
    assert sim._world.object_names[0] == "red_mug"


def test_a_scene_that_cannot_be_is_refused_and_the_present_one_stays(make_sim):
    sim = make_sim(seed=3)
    label, state = sim._scenes.label, sim._world.render_state()
    (refused,) = sim.set_parameters([Parameter("set", value="bsic")])
    assert not refused.successful
    assert "basic" in refused.reason
    (refused,) = sim.set_parameters([Parameter("place", value="under")])
    assert "unknown place 'under'" in refused.reason
    at_once = sim.set_parameters_atomically([Parameter("seed", value=7), Parameter("set", value="bsic")])
    assert not at_once.successful
    assert reset(sim).success
    assert sim._scenes.label == label, "nor is it half of what was asked for"
    (taken,) = sim.set_parameters([Parameter("target", value="purple banana")])
    assert taken.successful  # whether there is one depends on the other parameters
    response = reset(sim)
    assert not response.success
    assert response.message == "target 'purple banana': comes in green, yellow only"
    assert sim._scenes.label == label
    np.testing.assert_array_equal(sim._world.render_state(), state)
    sim.set_parameters([Parameter("target", value="green banana")])
    assert reset(sim).success
    assert sim._scenes.scene.target == "green_banana"


# -- the graph ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def graph():
    """Start what a job has, with a viewer."""
    nodes = {
        "sim": NodeUnderTest("sim", seed=1),
        "camera": NodeUnderTest("camera", seed=1, use_sim_time=True),
        "state": NodeUnderTest("state", use_sim_time=True),
        "control": NodeUnderTest("control", use_sim_time=True),
        "guard": NodeUnderTest("guard", use_sim_time=True),
        "view": NodeUnderTest("view", port=0),
    }
    with running_graph(nodes) as graph:
        yield graph


class Watcher:
    """The newest of what the simulator and its cameras say."""

    def __init__(self, operator: Operator) -> None:
        node = operator.node
        self.scene: dict = {}
        self.text = ""
        self.images: dict[str, tuple[float, np.ndarray]] = {}
        self.infos: dict[str, CameraInfo] = {}
        self.poses: dict[str, np.ndarray] = {}
        self.objects: PoseArray | None = None
        self.states: list[tuple[str, float]] = []  # of which scene, and when
        node.create_subscription(String, "sim/scene", self._on_scene, qos.LATCHED)
        node.create_subscription(PoseArray, "sim/object_poses", lambda m: setattr(self, "objects", m), qos.NEWEST)
        node.create_subscription(Float64MultiArray, "sim/render_state", self._on_state, qos.STREAM)
        for name in ("front", "side"):
            topic = f"cameras/{name}"
            node.create_subscription(
                Image, f"{topic}/color/image_raw",
                lambda m, name=name: self.images.update(
                    {name: (messages.seconds(m.header.stamp), messages.color_array(m).copy())}),
                qos.IMAGES_NEWEST,
            )  # fmt: skip
            node.create_subscription(
                PoseStamped, f"{topic}/pose",
                lambda m, name=name: self.poses.update({name: messages.transform(m.pose)}), qos.LATCHED,
            )  # fmt: skip

    def _on_state(self, message: Float64MultiArray) -> None:
        self.states.append((messages.numbers_label(message), float(messages.numbers(message)[0])))

    def show(self, operator: Operator) -> bool:
        """Wait for images of the scene that is announced: those of the one before may still be on their way."""
        label = announced_choice(self.text).label
        if not operator.spin_until(lambda: self.states and self.states[-1][0] == label, 30.0):
            return False
        since = self.states[-1][1]
        return operator.spin_until(lambda: all(stamp >= since for stamp, _ in self.images.values()), 30.0)

    def _on_scene(self, message: String) -> None:
        self.text, self.scene = message.data, json.loads(message.data)


def change(operator: Operator, client: SceneClient, scene: dict) -> str:
    said: list[str] = []
    client.change(scene, said.append)
    assert operator.spin_until(lambda: said, 60.0), "the simulator does not answer"
    return said[0]


def test_the_scene_changes_and_everybody_goes_on(graph):
    nodes, operator = graph.nodes, graph.operator
    watcher, client = Watcher(operator), SceneClient(operator.node)
    assert operator.spin_until(lambda: client.ready and len(watcher.images) == 2 and watcher.scene, 60.0)
    first = {name: image for name, (_, image) in watcher.images.items()}
    operator.enable_at_rest()
    operator.send(operator.chunk((0.0, 0.1, -0.05), duration=1.0))
    assert operator.spin_until(lambda: operator.progress.moving and operator.speed > 0.02, 30.0)
    changed_at = operator.stamp
    assert change(operator, client, NEW) == ""
    # The arm is held where the scene has it begin, whatever moved it before, and nothing moves it by itself.
    assert operator.spin_until(lambda: operator.stamp > changed_at + 1.0)
    assert operator.spin_until(
        lambda: operator.diagnostics.get("sim", {}).get("active_controllers") == "panda_arm panda_hand_position", 5.0
    )
    operator.spin(0.5)
    np.testing.assert_allclose(operator.joints.position, HOME, atol=0.01)
    # It is announced, and every state says of which scene it is.
    choice = announced_choice(watcher.text)
    assert choice is not None
    assert {name: choice.words[name] for name in NEW} == NEW
    assert (watcher.scene["set"], watcher.scene["seed"], watcher.scene["target"]) == ("distractor", 12, "red_mug")
    assert operator.spin_until(lambda: watcher.states[-1][0] == choice.label)
    # Objects stand where a fresh simulator puts them.
    scene = choice.draw("franka")
    fresh = World(scene, load_embodiment("franka"), timestep=0.001)
    watcher.objects = None
    assert operator.spin_until(lambda: watcher.objects is not None)
    assert len(watcher.objects.poses) == len(scene.objects)
    for pose, name in zip(watcher.objects.poses, fresh.object_names, strict=True):
        T, T_fresh = messages.transform(pose), fresh.object_pose(name)
        np.testing.assert_allclose(T[:3, 3], T_fresh[:3, 3], atol=2e-3)
        np.testing.assert_allclose(T[:3, :3], T_fresh[:3, :3], atol=0.03)  # what lies on its handle creeps
    # The cameras show it, from where it has them, with the arm at home.
    assert watcher.show(operator)
    for name, (_, image) in watcher.images.items():
        seen, _ = fresh.render_camera(name)
        assert np.abs(image.astype(int) - seen.astype(int)).mean() < 1.0
        assert np.abs(image.astype(int) - first[name].astype(int)).mean() > 8.0
        np.testing.assert_allclose(watcher.poses[name], scene.camera(name).T_base_camera_published, atol=1e-9)
    fresh.close()
    # Nobody died of it, and the arm works as before.
    assert {name: node.process.poll() for name, node in nodes.items()} == dict.fromkeys(nodes)
    assert not operator.progress.estop
    operator.enable_at_rest()
    start = operator.T_base_ee.copy()
    operator.send(operator.chunk((0.0, -0.05, 0.03), duration=1.0))
    assert operator.spin_until(lambda: operator.progress.hold_reason == "chunk exhausted", 30.0)
    operator.spin(0.5)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3] - start[:3, 3], [0.0, -0.05, 0.03], atol=8e-3)
    # And back, with another number of objects; then a scene that there is not.
    assert (
        change(operator, client, {"set": "basic", "seed": 1, "categories": "action", "target": "", "place": ""}) == ""
    )
    assert operator.spin_until(lambda: watcher.scene["seed"] == 1)
    assert watcher.show(operator)
    for name, (_, image) in watcher.images.items():
        assert np.abs(image.astype(int) - first[name].astype(int)).mean() < 1.0
    assert "unknown set 'bsic'" in change(operator, client, {"set": "bsic"})
    assert "unknown object 'mugg'" in change(operator, client, {"target": "mugg"})
    operator.spin(0.5)
    assert watcher.scene["seed"] == 1

# SPDX-License-Identifier: Apache-2.0
"""The expert node over real DDS: it follows the simulator's render states, of the scene that this shows now."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator

import numpy as np
import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.experimental import EventsExecutor
from rig.spinning import leave, spin_until
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from trajectory_msgs.msg import JointTrajectory

from controllers.chunks.chunk import ActionChunk, TaskStatus
from vla_ros import messages, qos
from vla_ros.nodes.arm import transitions
from vla_ros.nodes.expert_node import ExpertNode
from vla_ros.nodes.sim.scene_choice import CHOICE, SceneChoice
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World

ROBOT = load_embodiment("franka")
JOINTS = (*ROBOT.only_arm.joints, *ROBOT.only_gripper.joints)
FIRST = SceneChoice("drawer", SceneRequest(seed=700, wording="common"))
SECOND = FIRST.changed("seed", 703)


class Simulator:
    """A simulator that stands still, beside the node under test."""

    def __init__(self) -> None:
        rclpy.init(args=["--ros-args", "-p", "task:=drawer", "-p", "seed:=700"])
        self.under_test = ExpertNode()
        self.under_test.trigger_configure()
        self.under_test.trigger_activate()
        self.node = rclpy.create_node("simulator", use_global_arguments=False)
        self.executor = EventsExecutor()
        self.executor.add_node(self.under_test)
        self.executor.add_node(self.node)
        self.states = self.node.create_publisher(Float64MultiArray, "sim/render_state", qos.STREAM)
        self.scenes = self.node.create_publisher(String, "sim/scene", qos.LATCHED)
        self.joints = self.node.create_publisher(JointState, "joint_states", qos.STREAM)
        self.instruction = self.node.create_publisher(String, "instruction", qos.LATCHED)
        self.chunks: list[ActionChunk] = []
        self.node.create_subscription(
            JointTrajectory, "policy/action_chunk", lambda m: self.chunks.append(messages.chunk_from(m)), qos.EVENTS
        )
        self.writer = messages.JointStateWriter(JOINTS)
        self.time = 1.0
        spin_until(self.executor, lambda: self.under_test.count_publishers("sim/render_state") > 0, 10.0)

    def show(self, choice: SceneChoice) -> World:
        world = World(choice.draw("franka"), ROBOT, timestep=0.002)
        self.scenes.publish(String(data=json.dumps({CHOICE: choice.words})))
        self.say("")
        spin_until(self.executor, lambda: self.under_test._shown == choice, 5.0)
        return world

    def say(self, instruction: str) -> None:
        self.instruction.publish(String(data=instruction))
        spin_until(self.executor, lambda: self.under_test._instruction == instruction, 5.0)
        spin_until(self.executor, lambda: False, 0.2)  # what was said before may still be on its way
        self.chunks.clear()

    def expose(self, world: World, label: str) -> None:
        """Publish joints and a state, a camera's period later."""
        self.time = round(self.time + 0.1, 6)
        fingers = np.full(2, world.gripper_width / 2)
        message = self.writer.write(self.time, np.concatenate([world.arm.q, fingers]), np.zeros(9), np.zeros(9))
        self.joints.publish(message)
        state = world.render_state()
        state[0] = self.time
        spin_until(self.executor, lambda: False, 0.05)
        self.states.publish(messages.NumbersWriter(len(state), label).write(state))
        spin_until(self.executor, lambda: bool(self.chunks), 0.1)

    def chunk(self, world: World, label: str, tries: int = 400) -> ActionChunk | None:
        for _ in range(tries):
            self.expose(world, label)
            if self.chunks:
                return self.chunks[0]
        return None

    def close(self) -> None:
        self.under_test.close()
        leave(self.executor, self.under_test, self.node)


@pytest.fixture(scope="module")
def simulator() -> Iterator[Simulator]:
    simulator = Simulator()
    yield simulator
    simulator.close()


def test_without_an_instruction_nothing_is_done(simulator):
    world = simulator.show(FIRST)
    assert simulator.chunk(world, FIRST.label, tries=5) is None
    world.close()


def test_it_acts_from_the_state_that_the_simulator_shows(simulator):
    world = simulator.show(FIRST)
    simulator.say(world.scene.instruction)
    chunk = simulator.chunk(world, FIRST.label)
    assert chunk is not None
    assert chunk.status is TaskStatus.ONGOING
    assert chunk.frame_id == ROBOT.base_frame
    np.testing.assert_allclose(chunk.values[0, :3], world.T_base_ee[:3, 3], atol=0.02)  # from where the arm stands
    world.close()


def test_a_state_of_another_scene_is_passed_over(simulator):
    world = simulator.show(FIRST)
    simulator.say(world.scene.instruction)
    assert simulator.chunk(world, SECOND.label, tries=5) is None
    world.close()


def test_it_follows_to_another_scene(simulator):
    world = simulator.show(SECOND)
    simulator.say(world.scene.instruction)
    chunk = simulator.chunk(world, SECOND.label)
    assert chunk is not None
    assert simulator.under_test._expert._shown == SECOND.label
    world.close()


def test_it_hears_that_control_refused_its_chunk(simulator, monkeypatch):
    heard: list[str] = []
    monkeypatch.setattr(simulator.under_test._expert, "chunk_refused", heard.append)
    control = simulator.node.create_publisher(DiagnosticStatus, "control/transitions", qos.EVENTS)
    spin_until(simulator.executor, lambda: control.get_subscription_count() > 0, 5.0)
    world = simulator.show(FIRST)
    simulator.say(world.scene.instruction)
    assert simulator.chunk(world, FIRST.label) is not None
    assert not heard
    control.publish(transitions.refused("too near", "teleop"))  # not its own
    control.publish(transitions.refused("too far", "policy"))
    spin_until(simulator.executor, lambda: False, 0.2)
    simulator.chunks.clear()
    assert simulator.chunk(world, FIRST.label) is not None
    assert heard == ["too far"]
    world.close()


@pytest.mark.parametrize("moved", [0.0, 0.1])
def test_a_plan_that_took_long_begins_now_where_the_arm_stood_still(simulator, monkeypatch, moved):
    world = simulator.show(FIRST)
    simulator.say(world.scene.instruction)
    infer, began = simulator.under_test._expert.infer, threading.Event()
    done = threading.Event()

    def slowly(observation):
        began.set()
        assert done.wait(30.0)
        return infer(observation)

    monkeypatch.setattr(simulator.under_test._expert, "infer", slowly)
    while not began.is_set():
        simulator.expose(world, FIRST.label)
    observed = simulator.time
    world.data.qpos[world.arm.qpos] += moved
    for _ in range(30):  # three seconds of simulated time
        simulator.expose(world, FIRST.label)
    done.set()
    assert spin_until(simulator.executor, lambda: bool(simulator.chunks), 30.0)
    begins = simulator.chunks[0].stamp
    if moved:
        assert begins <= observed
    else:
        assert simulator.time - 0.15 < begins <= simulator.time
    world.close()

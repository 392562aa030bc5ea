# SPDX-License-Identifier: Apache-2.0
"""Robots with other tools on their flanges, in lockstep: they stand, move, reach out with pistons, lift and close."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from robot_rigs.described_robot import DescribedRobot
from scene_making.drawn_scene import grasping_scene

from vla_ros.nodes.sim.controllers import SimulatedControllers
from vla_ros.nodes.sim.robot_topics import JointStates
from vla_ros.nodes.sim.topic_hardware import TopicHardware
from vla_ros.objects.model import ObjectModel, Part
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.tools.generator import draw_tool
from vla_ros.sim.model_agreement import check_agreement
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.world import World

BOX_MASS = 0.2  # [kg]


class ToolRobot(DescribedRobot):
    """A robot at its home, its tool over a box that stands on a table of the right height."""

    def __init__(self, name: str, half: tuple[float, float, float] = (0.05, 0.05, 0.03), above: float = 0.06) -> None:
        """`half` [m] of the box under the tool's second element, `above` [m] which the tool's plane is."""
        self.name = name
        super().__init__(name)
        (self.arm,) = self.embodiment.arms
        place = self.world.body_pose("cup_2")[:3, 3]
        top = float(place[2]) - above
        T_base_object = np.eye(4)
        T_base_object[:3, 3] = *place[:2], top - half[2]
        card = Part("box", half)
        box = PlacedObject("box", ObjectModel("box", "box", "white", (card,), BOX_MASS, 0.6), T_base_object)
        scene = self.world.scene
        table = dataclasses.replace(scene.table, height=top - 2.0 * half[2])
        self.use(World(dataclasses.replace(scene, objects=(box,), table=table), self.embodiment))

    def move(self, shift: tuple[float, float, float], seconds: float = 1.0, **channels: float) -> float:
        """Send the tool along a way [m], channels told one value meanwhile; return its error in the end [m]."""
        start, rows = self.world.tool_pose(self.arm.name)[:3, 3], np.linspace(0.1, 1.0, 10)[:, None] * np.array(shift)
        told = {channel.replace("__", "/"): np.full(10, value) for channel, value in channels.items()}
        self.submit(self.columns({self.arm.name: rows}) | told, step=seconds / 10)
        self.run(seconds + 0.7)
        return float(np.linalg.norm(self.world.tool_pose(self.arm.name)[:3, 3] - start - shift))


@pytest.fixture(params=["franka+seven_piston", "ur5e+hybrid"])
def robot(request) -> ToolRobot:
    return ToolRobot(request.param)


def test_it_stands_still_and_moves_to_a_pose(robot):
    before = robot.world.q
    robot.run(0.5)
    assert np.abs(robot.world.q - before).max() < 2e-3
    assert robot.move((0.0, 0.0, 0.05)) < 2e-3
    assert robot.move((0.0, 0.05, -0.05)) < 2e-3
    assert not any(warning.number for warning in robot.world.data.warning)


def test_a_piston_goes_out_by_its_channel_and_comes_back(robot):
    cup, out = robot.world.pistons["cup_2"], 0.9 * robot.embodiment.end_effectors[0].depth_max
    others = robot.world.pistons["cup_1"]
    before = robot.world.body_pose("cup_2")[:3, 3]
    still = (0.0, 0.0, 0.0)
    robot.move(still, 0.5, cup_2__depth=out)
    moved = robot.world.body_pose("cup_2")[:3, 3] - before
    assert moved @ robot.world.tool_pose(robot.arm.name)[:3, 2] == pytest.approx(out, abs=5e-4)
    assert (cup.depth, others.depth) == pytest.approx((out, 0.0), abs=5e-4)
    robot.move(still, 0.5, cup_2__depth=0.0)
    assert cup.depth == pytest.approx(0.0, abs=5e-4)


def test_one_cup_lifts_a_box_by_its_channel_and_lets_it_go(robot):
    world, before = robot.world, robot.world.object_pose("box")[2, 3]
    out = 0.9 * robot.embodiment.end_effectors[0].depth_max
    robot.move((0.0, 0.0, 0.0), cup_2__depth=out)
    robot.move((0.0, 0.0, out - 0.062), cup_2__depth=out)
    assert world.objects_in_contact(("cup_2",)) == {"box"}
    for rise in (0.0, 0.05):
        robot.move((0.0, 0.0, rise), cup_2__suction=1.0, cup_2__depth=out)
    assert world.cups["cup_2"].sealed
    assert [name for name, cup in world.cups.items() if cup.on] == ["cup_2"]
    assert world.object_pose("box")[2, 3] - before == pytest.approx(0.05, abs=0.01)
    robot.move((0.0, 0.0, 0.0), 0.5, cup_2__suction=0.0)
    assert world.object_pose("box")[2, 3] == pytest.approx(before, abs=0.01)
    assert not any(warning.number for warning in world.data.warning)


def test_fingers_go_out_and_close_on_a_box():
    robot = ToolRobot("ur5e+hybrid", half=(0.03, 0.03, 0.05), above=0.035)
    world, before = robot.world, robot.world.object_pose("box")[2, 3]
    robot.move((0.0, 0.0, 0.0), 0.5, fingers__depth=0.06, fingers__width=0.12)
    assert world.pistons["fingers"].depth == pytest.approx(0.06, abs=1e-3)
    robot.move((0.0, 0.0, 0.0), 0.5, fingers__depth=0.06, fingers__width=0.0)
    assert world.gripper.width == pytest.approx(0.06, abs=3e-3)
    robot.move((0.0, 0.0, 0.05), 1.5, fingers__depth=0.06, fingers__width=0.0)
    assert world.object_pose("box")[2, 3] - before == pytest.approx(0.05, abs=0.01)


@pytest.mark.parametrize("tool", ["parallel", "quad_cup", "single_cup", *(f"drawn_{seed}" for seed in range(8))])
def test_control_and_simulator_compute_with_one_robot_whatever_it_carries(tool):
    robot = load_embodiment(f"franka+{tool}")
    model = robot_spec(robot).compile()
    (found,) = check_agreement(expand_urdf(robot), model)
    assert found.level == "ok", found.said
    assert {*robot.suction_tools, *robot.grippers} == set(robot.end_effectors)


def test_controllers_of_the_simulated_robot_take_suction_and_depth(robot):
    controllers = SimulatedControllers(robot.world)
    assert controllers.receive("cup_3_depth", np.array([0.01])) == ""
    assert controllers.receive("cup_3_suction", np.array([1.0])) == ""
    controllers.apply()
    robot.world.step(500)
    assert robot.world.pistons["cup_3"].depth == pytest.approx(0.01, abs=5e-4)
    assert robot.world.cups["cup_3"].on
    hardware = TopicHardware(robot.world)
    assert hardware.receive_part("cup_3_depth", np.zeros(1)) == ""
    assert "must be 1 finite number" in hardware.receive_part("cup_3_depth", np.array([np.nan]))
    assert hardware.receive_part("cup_3_suction", np.zeros(1)) == ""
    hardware.apply()
    robot.world.step(500)
    assert robot.world.pistons["cup_3"].depth == pytest.approx(0.0, abs=5e-4)
    assert not robot.world.cups["cup_3"].on


def test_three_fingers_close_together_and_open_again():
    seed = next(seed for seed in itertools.count() if len(draw_tool(seed).fingers) == 3)
    robot = load_embodiment(f"franka+drawn_{seed}")
    scene = grasping_scene("basic", 0, robot=robot.source)
    world = World(dataclasses.replace(scene, objects=(), cameras=scene.cameras[:1]), robot, settle=False)
    (fingers,) = robot.grippers
    for width in (fingers.width_min, fingers.width_max):
        world.command_gripper(width)
        world.step(2500)
        assert world.gripper.positions == pytest.approx([width / 3] * 3, abs=1e-3)
    assert not any(warning.number for warning in world.data.warning)


def test_joint_states_and_tf_know_where_pistons_are(robot):
    world, said = robot.world, []
    world.pistons["cup_1"].command(0.015)
    world.step(500)
    states = JointStates(Recorder(said), robot.embodiment, "joint_states")
    states.publish(world, 1.0)
    positions = dict(zip(said[0].name, said[0].position, strict=True))
    assert positions["cup_1_piston"] == pytest.approx(0.015, abs=5e-4)
    tree = LinkTree(expand_urdf(robot.embodiment))
    assert tree.place("cup_1", positions) == pytest.approx(world.body_pose("cup_1"), abs=1e-6)
    assert set(tree.joints) <= set(positions)


class Recorder:
    """A node that keeps what is published."""

    def __init__(self, said: list) -> None:
        self._said = said

    def create_publisher(self, *_: object) -> Recorder:
        return self

    def publish(self, message: object) -> None:
        self._said.append(message)

# SPDX-License-Identifier: Apache-2.0
"""Grippers behind an action: what a robot's file says of them, and what follows for ros2_control and the launch."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml
from ament_prefix import install

from controllers.errors import ConfigError
from vla_ros.configuration import build, share_directory
from vla_ros.hardware.grippers.action import GripperScale, make_goals
from vla_ros.hardware.grippers.goals import GRASP, Goal
from vla_ros.launching import ros2_control
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.jobs import load_job
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.ros2_control.controllers import controllers_yaml
from vla_ros.robots.ros2_control.description import TOPIC, ros2_control_urdf
from vla_ros.robots.ros2_control.gripper import GripperActionConfig

ROBOTS = [("fr3", "fr3_hand", "fr3_finger_joint"), ("franka", "panda_hand", "panda_finger_joint")]
REAL = ["hardware:=real", "robot_ip:=fci"]


def only(robot: Embodiment) -> GripperActionConfig:
    (config,) = robot.ros2_control.grippers
    return config


@pytest.mark.parametrize(("name", "hand", "finger"), ROBOTS)
def test_the_hands_interfaces_speak_to_our_node(name, hand, finger):
    root = ElementTree.fromstring(ros2_control_urdf(load_embodiment(name), "real", "172.16.0.2", "/left"))
    found = {one.get("name"): one for one in root.findall("ros2_control")}
    system = found[hand]
    assert system.findtext("hardware/plugin") == TOPIC
    assert {one.get("name"): one.text for one in system.findall("hardware/param")} == {
        "joint_commands_topic": f"/left/{hand}_joint_commands",
        "joint_states_topic": f"/left/{hand}_joint_states",
        "trigger_joint_command_threshold": "-1",
    }
    joints = {one.get("name"): one for one in system.findall("joint")}
    assert list(joints) == [f"{finger}1", f"{finger}2"]
    commands = {joint: [item.get("name") for item in one.findall("command_interface")] for joint, one in joints.items()}
    assert commands == {f"{finger}1": ["position"], f"{finger}2": []}
    assert system.find(".//param[@name='initial_value']") is None


@pytest.mark.parametrize("name", ["fr3", "franka"])
def test_nothing_else_of_the_graph_changes(name):
    robot = load_embodiment(name)
    assert controllers_yaml(robot, "real") == controllers_yaml(robot, "mock")
    assert TOPIC not in ros2_control_urdf(robot, "mock")


@pytest.mark.parametrize(("name", "hand", "finger"), ROBOTS)
def test_the_driver_gets_parameters_with_which_a_grasp_holds(name, hand, finger):
    """franka_gripper's own epsilon of 5 mm would let go of whatever is not as wide as the goal."""
    robot = load_embodiment(name)
    config = only(robot)
    parameters = config.driver.told("172.16.0.2")
    assert parameters["robot_ip"] == "172.16.0.2"
    assert parameters["joint_names"] == [f"{finger}1", f"{finger}2"]
    widest = robot.gripper(hand).width_max
    assert min(parameters["default_grasp_epsilon"].values()) >= widest
    assert config.width_max < 0.0797  # [m] what homing finds at least, or every opening is refused


def test_a_hand_may_need_the_address_that_its_arm_does_not():
    robot = load_embodiment("fr3")
    config = robot.ros2_control
    fixed = dataclasses.replace(config, drivers=(dataclasses.replace(config.drivers[0], parameters={}),))
    robot = dataclasses.replace(robot, ros2_control=fixed)
    ros2_control_urdf(robot, "real", "172.16.0.2")
    with pytest.raises(ConfigError, match="needs the robot's address"):
        ros2_control_urdf(robot, "real")


def test_a_position_is_a_fingers_way_an_opening_or_turned_round():
    robot = load_embodiment("fr3")
    hand, config = robot.gripper("fr3_hand"), only(robot)
    for one, closed, half in (
        (config, 0.0, 0.02),
        (dataclasses.replace(config, open=0.08), 0.0, 0.04),
        (dataclasses.replace(config, open=0.0, closed=0.8), 0.8, 0.4),  # [rad] of a knuckle: 0 is open
    ):
        scale = GripperScale(one, hand)
        assert scale.position(0.0) == pytest.approx(closed)
        assert scale.position(0.04) == pytest.approx(half)
        assert scale.width(scale.position(0.031)) == pytest.approx(0.031)


def test_goals_press_with_the_force_of_the_robots_file():
    robot = load_embodiment("fr3")
    goals = make_goals(only(robot), robot.gripper("fr3_hand"))
    assert goals.update(0.08, 0.0797, 0.0) is None
    assert goals.update(0.0, 0.0797, 1.0) == Goal(GRASP, 0.0, 40.0)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"open": 0.0}, "two numbers, got 0.0 and 0.0"),
        ({"silent_after_s": 0.0}, "0.05 to 10 s"),
        ({"forse": 3.0}, "did you mean 'force'"),
    ],
)
def test_what_a_gripper_cannot_have_is_one_line(values, message):
    told = {"gripper": "hand", "action": "a", "joint_states": "b", "open": 0.04, "force": 40.0} | values
    with pytest.raises(ConfigError) as error:
        build(GripperActionConfig, told, "robot.yaml")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"gripper": "fr3_hnd"}, "did you mean 'fr3_hand'"),
        ({"gripper": "fr3"}, "two drivers"),
        ({"width_max": 0.09}, "'width_max' must be 0 to 0.08 m"),
    ],
)
def test_a_gripper_that_is_not_there_is_one_line(tmp_path: Path, values, message):
    with pytest.raises(ConfigError, match=message):
        load_embodiment(str(_changed(tmp_path, values)))


def test_the_launch_says_what_is_not_installed(monkeypatch, tmp_path):
    packages = ros2_control.needed_packages(load_embodiment("fr3"), "real")
    assert {"control_msgs", "franka_gripper", "joint_state_topic_hardware_interface"} < set(packages)
    assert "control_msgs" not in ros2_control.needed_packages(load_embodiment("fr3"), "mock")
    for package in set(packages) - {"control_msgs"}:
        install(tmp_path, package, "ros2_control_node", "spawner")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    arguments = parse_assignments([*REAL, "robot:=fr3"], load_job("franka_grasp").arguments)
    with pytest.raises(ConfigError, match=r"but control_msgs is not installed: .*ros-jazzy-control-msgs"):
        ros2_control.check_hardware(arguments)
    install(tmp_path, "control_msgs")
    with pytest.raises(ConfigError, match="'franka_gripper' with its program 'franka_gripper_node'"):
        ros2_control.check_hardware(arguments)
    install(tmp_path, "franka_gripper", "franka_gripper_node")
    ros2_control.check_hardware(arguments)


def test_the_launch_refuses_thresholds_that_cannot_work(monkeypatch, tmp_path):
    for package in ros2_control.needed_packages(load_embodiment("fr3"), "real"):
        install(tmp_path, package, "ros2_control_node", "spawner", "franka_gripper_node")
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path))
    robot = _changed(tmp_path, {"force": 0.0})
    with pytest.raises(ConfigError, match="'force' must be above 0"):
        ros2_control.check_hardware(parse_assignments([*REAL, f"robot:={robot}"], load_job("franka_grasp").arguments))


def test_both_nodes_start_with_the_real_robot_alone():
    graph = load_job("franka_grasp")
    nodes = {"gripper_drivers", "gripper_action"}
    for hardware in ("sim", "topic", "mock", "real"):
        arguments = parse_assignments([f"hardware:={hardware}", "robot_ip:=fci"], graph.arguments)
        found = {node.name: node.values(arguments) for node in graph.active_nodes(arguments) if node.name in nodes}
        assert set(found) == (nodes if hardware == "real" else set())
    assert found["gripper_drivers"]["robot_ip"] == "fci"


def _changed(folder: Path, values: dict) -> Path:
    content = yaml.safe_load((share_directory() / "config/robots/fr3.yaml").read_text())
    content["ros2_control"]["grippers"][0] |= values
    path = folder / "mine.yaml"
    path.write_text(yaml.safe_dump(content))
    gains = share_directory() / "config/controllers/fr3_impedance.yaml"
    (folder / "fr3_impedance.yaml").write_bytes(gains.read_bytes())
    return path

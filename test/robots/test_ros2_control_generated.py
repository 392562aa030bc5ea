# SPDX-License-Identifier: Apache-2.0
"""ros2_control's files follow from a robot's description, for one that is shipped and for the test robot."""

from __future__ import annotations

import argparse
import dataclasses
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import assets
import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.commands.robots import command as robots_command
from vla_ros.configuration import build
from vla_ros.launching.arguments import parse_assignments
from vla_ros.launching.jobs import load_job
from vla_ros.launching.parameters import write_node_parameters
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.robots.ros2_control.config import Ros2ControlConfig
from vla_ros.robots.ros2_control.controllers import controllers_yaml, robot_controllers
from vla_ros.robots.ros2_control.description import MOCK, TOPIC, ros2_control_urdf

PAIR = str(assets.PAIR)
ARM = [f"panda_joint{i}" for i in range(1, 8)]
FINGERS = ["panda_finger_joint1", "panda_finger_joint2"]
FORWARD = "forward_command_controller/ForwardCommandController"
FRANKA = {  # as it was run against the real controller_manager
    "/**/controller_manager": {
        "update_rate": 500,
        "joint_state_broadcaster": {"type": "joint_state_broadcaster/JointStateBroadcaster"},
        "panda_arm_controller": {"type": "joint_trajectory_controller/JointTrajectoryController"},
        "panda_effort_controller": {"type": "effort_controllers/JointGroupEffortController"},
        "panda_position_controller": {"type": FORWARD},
        "panda_hand_position_controller": {"type": FORWARD},
    },
    "/**/joint_state_broadcaster": {"joints": ARM + FINGERS, "interfaces": ["position", "velocity", "effort"]},
    "/**/panda_arm_controller": {
        "joints": ARM,
        "command_interfaces": ["position"],
        "state_interfaces": ["position", "velocity"],
        "set_last_command_interface_value_as_state_on_activation": False,
        "allow_partial_joints_goal": False,
        "constraints": {"stopped_velocity_tolerance": 0.05, "goal_time": 1.0},
    },
    "/**/panda_effort_controller": {"joints": ARM},
    "/**/panda_position_controller": {"joints": ARM, "interface_name": "position"},
    "/**/panda_hand_position_controller": {"joints": ["panda_finger_joint1"], "interface_name": "position"},
}


@pytest.fixture(scope="module")
def pair() -> Embodiment:
    return load_embodiment(PAIR)


def parameters(robot: Embodiment, hardware: str = "mock") -> dict[str, dict]:
    text = controllers_yaml(robot, hardware)
    assert "&" not in text, "rcl reads no aliases"
    return {name: content["ros__parameters"] for name, content in yaml.safe_load(text).items()}


def told(robot: Embodiment, ros2_control: dict) -> Embodiment:
    """Return a robot whose file says this under `ros2_control`."""
    config = build(Ros2ControlConfig, ros2_control, "robot.yaml: ros2_control")
    return dataclasses.replace(robot, ros2_control=config)


def systems(urdf: str) -> dict[str, ElementTree.Element]:
    return {element.get("name"): element for element in ElementTree.fromstring(urdf).findall("ros2_control")}


def test_frankas_controllers_are_those_that_were_run():
    assert parameters(load_embodiment("franka")) == FRANKA


def test_every_group_of_nobodys_robot_has_its_controllers(pair):
    found = parameters(pair)
    manager = found["/**/controller_manager"]
    assert set(manager) - {"update_rate"} == {
        "left_effort_controller", "left_position_controller", "left_arm_controller",
        "right_effort_controller", "right_position_controller", "right_arm_controller",
        "left_gripper_position_controller", "right_cup_suction_controller", "lift_position_controller",
        "head_position_controller", "joint_state_broadcaster",
    }  # fmt: skip
    assert found["/**/right_cup_suction_controller"] == {"joints": ["right_cup"], "interface_name": "suction"}
    assert found["/**/head_position_controller"]["joints"] == ["head_pan_joint", "head_tilt_joint"]
    assert found["/**/left_gripper_position_controller"]["joints"] == ["left_finger1_joint"]
    assert found["/**/joint_state_broadcaster"]["joints"] == [*pair.driven_joints, *pair.grippers[0].joints]
    assert robot_controllers(pair)[-1].name == "joint_state_broadcaster"


@pytest.mark.parametrize(
    ("hardware", "plugins"),
    [
        ("mock", dict.fromkeys(("left", "right", "left_gripper", "right_cup", "lift", "head"), MOCK)),
        ("topic", {"joints": TOPIC, "right_cup": MOCK}),  # topics carry joints alone
    ],
)
def test_controllers_claim_what_the_urdf_has(pair, hardware, plugins):
    found = systems(ros2_control_urdf(pair, hardware, namespace="/one"))
    assert {name: system.findtext("hardware/plugin") for name, system in found.items()} == plugins
    commands = {
        (part.get("name"), interface.get("name"))
        for system in found.values()
        for part in (*system.findall("joint"), *system.findall("gpio"))
        for interface in part.findall("command_interface")
    }
    for name, values in parameters(pair, hardware).items():
        interfaces = values.get("command_interfaces") or [values.get("interface_name", "effort")]
        if name.endswith("controller"):
            assert {(joint, one) for joint in values["joints"] for one in interfaces} <= commands, name
    joints = [joint for system in found.values() for joint in system.findall("joint")]
    assert len(joints) == 17
    initial = {joint.get("name"): joint.findtext(".//param") for joint in joints}
    assert (initial["head_pan_joint"], initial["head_tilt_joint"]) == (
        ("0", "0.4") if hardware == "mock" else (None, None)
    )


def test_fingers_follow_the_first_where_the_urdf_does_not_say_so(pair):
    for robot in (pair, load_embodiment("franka")):
        first, second = robot.grippers[0].joints
        root = ElementTree.fromstring(ros2_control_urdf(robot, "mock"))
        (joint,) = (one for one in root.findall("joint") if one.get("name") == second)
        assert [one.get("joint") for one in joint.findall("mimic")] == [first]


def test_an_arm_without_torques_is_asked_for_none(pair):
    arms = tuple(dataclasses.replace(arm, command_modes=("position",)) for arm in pair.arms)
    robot = dataclasses.replace(pair, arms=arms)
    assert not any("effort" in controller.name for controller in robot_controllers(robot))
    assert 'command_interface name="effort"' not in ros2_control_urdf(robot, "mock")


def test_a_driver_of_several_groups_is_one_system_and_the_rest_are_mock(pair):
    driver = {
        "groups": ["right", "left"],
        "plugin": "two_arms/Driver",
        "parameters": {"ip": "{robot_ip}", "speed": "3"},
        "states": ["position", "velocity"],
    }
    own = {"name": "base_controller", "type": "wheels/Controller", "parameters": {"radius": 0.1}}
    robot = told(pair, {"update_rate": 250, "drivers": [driver], "controllers": [own]})
    found = systems(ros2_control_urdf(robot, "real", "10.0.0.2"))
    assert set(found) == {"right", "left_gripper", "right_cup", "lift", "head"}
    assert found["right"].findtext("hardware/plugin") == "two_arms/Driver"
    assert {one.get("name"): one.text for one in found["right"].findall("hardware/param")} == {
        "ip": "10.0.0.2",
        "speed": "3",
    }
    assert len(found["right"].findall("joint")) == 12
    real, mock = parameters(robot, "real"), parameters(robot)
    assert real["/**/controller_manager"]["update_rate"] == 250
    assert real["/**/base_controller"] == {"radius": 0.1}
    assert "/**/joint_state_broadcaster" not in real, "it must not ask for efforts that nobody measures"
    assert "/**/joint_state_broadcaster" in mock
    with pytest.raises(ConfigError, match="needs the robot's address"):
        ros2_control_urdf(robot, "real")
    fixed = told(pair, {"drivers": [driver | {"parameters": {}}]})
    assert "right" in systems(ros2_control_urdf(fixed, "real"))
    with pytest.raises(ConfigError, match="takes one: leave it out"):
        ros2_control_urdf(fixed, "real", "10.0.0.2")


def test_a_robot_without_a_driver_is_not_driven(pair):
    with pytest.raises(ConfigError, match="no driver of the robot 'pair' is known"):
        ros2_control_urdf(pair, "real", "10.0.0.2")
    with pytest.raises(ConfigError, match="did you mean 'mock'"):
        ros2_control_urdf(pair, "mok")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"drivers": [{"groups": ["left"], "plugin": "driver"}]}, "name the plugin as <package>/<class>"),
        ({"drivers": [{"groups": [], "plugin": "a/B"}]}, "'groups' is empty"),
        ({"drivers": [{"groups": ["left"], "plugin": "a/B", "states": ["velocty"]}]}, "did you mean 'velocity'"),
        ({"drivers": [{"groups": ["left"], "plugin": "a/B", "states": ["velocity"]}]}, "lacks position"),
        ({"update_rate": 0}, "50 to 2000 Hz"),
        ({"drivrs": []}, "did you mean 'drivers'"),
    ],
)
def test_what_a_robots_file_cannot_say_is_one_line(values, message):
    with pytest.raises(ConfigError) as error:
        build(Ros2ControlConfig, values, "robot.yaml: ros2_control")
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("groups", "message"), [(["lefft"], "did you mean 'left'"), (["left", "left"], "'left' has two drivers")]
)
def test_a_driver_of_what_is_not_there_is_one_line(tmp_path, groups, message):
    robot = yaml.safe_load(Path(PAIR).read_text()) | {
        "ros2_control": {"drivers": [{"groups": groups, "plugin": "a/B"}]}
    }
    (tmp_path / "pair.urdf.xacro").symlink_to(Path(PAIR).with_name("pair.urdf.xacro"))
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(robot))
    with pytest.raises(ConfigError, match=message):
        load_embodiment(str(tmp_path / "mine.yaml"))


def test_a_controller_named_like_one_of_ours_is_refused(pair):
    robot = told(pair, {"controllers": [{"name": "lift_position_controller", "type": "a/B"}]})
    with pytest.raises(ConfigError, match="there is a 'lift_position_controller' already"):
        robot_controllers(robot)


def test_a_job_hands_the_manager_the_controllers_of_its_robot(tmp_path):
    graph = load_job("policy")
    arguments = parse_assignments([f"robot:={PAIR}", "hardware:=mock"], graph.arguments)
    manager = next(node for node in graph.nodes if node.name == "controller_manager")
    made, own = write_node_parameters(tmp_path, manager, arguments)
    assert "/**/lift_position_controller" in yaml.safe_load(made.read_text())
    assert own.name == "controller_manager.yaml"
    spawner = next(node for node in graph.nodes if node.name == "spawner")
    assert spawner.values(arguments) == {"robot": PAIR, "hardware": "mock"}


def test_who_runs_a_manager_of_his_own_gets_the_files(tmp_path, capsys):
    parser = argparse.ArgumentParser()
    robots_command.add_arguments(parser)
    robots_command.run(parser.parse_args(["ros2_control", PAIR]))
    assert yaml.safe_load(capsys.readouterr().out) == yaml.safe_load(controllers_yaml(load_embodiment(PAIR)))
    robots_command.run(parser.parse_args(["ros2_control", PAIR, "--urdf", "--hardware", "topic"]))
    assert set(systems(capsys.readouterr().out)) == {"joints", "right_cup"}
    robots_command.run(parser.parse_args(["ros2_control", PAIR, "--output", str(tmp_path)]))
    assert {path.name for path in tmp_path.iterdir()} == {"pair_ros2_control.yaml", "pair.urdf"}

# SPDX-License-Identifier: Apache-2.0
"""Robots by <robot>+<tool>: what hangs on the flange is the tool alone, in every document that is made of a robot."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import yaml

from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.robots.control import load_control_config
from vla_ros.robots.embodiment import expand_urdf, load_embodiment, robot_path
from vla_ros.robots.link_tree import LinkTree
from vla_ros.robots.moveit.semantics import srdf
from vla_ros.robots.ros2_control.controllers import controllers_yaml
from vla_ros.robots.ros2_control.description import ros2_control_urdf

ROBOTS = share_directory() / "config" / "robots"


def own_file(folder: Path, robot: str, **keys: object) -> str:
    """Write a described robot with other keys into a folder; return its file."""
    content = yaml.safe_load((ROBOTS / f"{robot}.yaml").read_text()) | keys
    path = folder / f"{robot}.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.mark.parametrize("name", ["franka", "ur5e", "fr3"])
def test_the_tool_is_in_the_place_of_the_hand(name):
    bare, robot = load_embodiment(name), load_embodiment(f"{name}+hybrid")
    links = {element.get("name") for element in ElementTree.fromstring(expand_urdf(robot)).findall("link")}
    assert {"tcp", "tool_body", "cup_1", "left_finger"} <= links
    assert not any("hand" in link or "robotiq" in link for link in links)
    assert [one.name for one in robot.end_effectors] == ["cups", "fingers"]
    (arm,) = robot.arms
    (before,) = bare.arms
    tree, old = LinkTree(expand_urdf(robot)), LinkTree(expand_urdf(bare))
    flange = robot.mounts[0].flange
    T = tree.between(flange, arm.tool_frame, {})
    assert T[:3, 3] == pytest.approx([0.0, 0.0, 0.16])
    assert T[:3, :3] == pytest.approx(old.between(flange, before.tool_frame, {})[:3, :3], abs=1e-8)
    longer = 0.16 - old.between(flange, before.tool_frame, {})[2, 3]
    assert arm.reach.wrist_height - before.reach.wrist_height == pytest.approx(longer)
    assert np.array_equal(arm.lower, before.lower)


def test_limits_and_channels_are_the_tools():
    cups, fingers = load_embodiment("ur5e+hybrid").end_effectors
    assert cups.channels == (*(f"cup_{n}/suction" for n in (1, 2, 3)), *(f"cup_{n}/depth" for n in (1, 2, 3)))
    assert cups.force == pytest.approx(60e3 * np.pi * 0.013**2)
    assert (cups.depth_max, fingers.depth_max) == (0.02, 0.06)
    assert fingers.channels == ("fingers/width", "fingers/depth")
    assert (fingers.width_min, fingers.width_max, fingers.force) == pytest.approx((0.0, 0.12, 40.0))


def test_a_camera_on_the_hand_is_on_the_tool_and_drivers_of_the_hand_are_gone():
    robot = load_embodiment("franka+seven_piston")
    assert robot.camera("wrist").frame == "tcp"
    assert [driver.groups for driver in robot.ros2_control.drivers] == [("panda",)]
    assert robot.ros2_control.grippers == ()


def test_its_name_and_its_source_load_it_again_and_its_tuning_is_the_robots():
    robot = load_embodiment("franka+drawn_8")
    assert robot.name == robot.source == "franka+drawn_8"
    assert robot_path("franka+drawn_8") == robot_path("franka")
    assert load_control_config(robot.source) == load_control_config("franka")


def test_a_robots_file_names_its_tool_and_a_tool_may_be_a_file(tmp_path):
    (tmp_path / "mine.yaml").write_text((share_directory() / "config/tools/quad_cup.yaml").read_text())
    robot = load_embodiment(own_file(tmp_path, "ur5e", tools={"ur5e": str(tmp_path / "mine.yaml")}))
    assert robot.name == "ur5e+quad_cup"
    assert load_embodiment(f"{own_file(tmp_path, 'franka')}+hybrid").name == "franka+hybrid"


def test_each_arm_of_two_has_names_of_its_own(tmp_path):
    arms = yaml.safe_load((ROBOTS / "agilex.yaml").read_text())["arms"]
    joints = ElementTree.fromstring(expand_urdf(load_embodiment("agilex"))).findall("joint")
    for arm in arms:
        arm["flange"] = next(
            one.find("child").get("link") for one in joints if one.get("name") == arm["joints"][-1]
        )  # fmt: skip
    robot = load_embodiment(f"{own_file(tmp_path, 'agilex', arms=arms, sdk=[], joint_topics=[])}+seven_piston")
    first, second = robot.arms
    assert (first.tool_frame, second.tool_frame) == (f"{first.name}_tcp", f"{second.name}_tcp")
    channels = [channel for one in robot.end_effectors for channel in one.channels]
    assert len(set(channels)) == 28
    assert f"{first.name}_cup_7/depth" in channels


def test_every_cup_and_finger_has_its_controller():
    robot = load_embodiment("ur5e+hybrid")
    found = {
        name.removeprefix("/**/"): one["ros__parameters"]
        for name, one in yaml.safe_load(controllers_yaml(robot)).items()
    }
    for cup in ("cup_1", "cup_2", "cup_3"):
        for quantity in ("suction", "depth"):
            assert found[f"{cup}_{quantity}_controller"] == {"joints": [cup], "interface_name": quantity}
    assert found["fingers_position_controller"] == {"joints": ["left_finger_joint"], "interface_name": "position"}
    assert found["fingers_depth_controller"] == {"joints": ["fingers"], "interface_name": "depth"}
    urdf = ElementTree.fromstring(ros2_control_urdf(robot, "mock"))
    commands = {
        (part.get("name"), interface.get("name"))
        for system in urdf.findall("ros2_control")
        for part in (*system.findall("joint"), *system.findall("gpio"))
        for interface in part.findall("command_interface")
    }
    for name, values in found.items():
        if name.endswith("controller") and "interface_name" in values:
            assert {(joint, values["interface_name"]) for joint in values["joints"]} <= commands, name
    assert {"tool_body", "cup_1"} <= {link.get("name") for link in urdf.findall("link")}


def test_moveit_knows_the_fingers_and_leaves_pistons_alone():
    root = ElementTree.fromstring(srdf(load_embodiment("ur5e+hybrid")))
    assert "fingers" in {group.get("name") for group in root.findall("group")}
    assert "cup_1_piston" in {joint.get("name") for joint in root.findall("passive_joint")}


@pytest.mark.parametrize(
    ("robot", "said"),
    [
        ("franka+seven_pistons", "did you mean 'seven_piston'"),
        ("frank+hybrid", "unknown robot 'frank"),
        ("agilex+hybrid", "takes no other tool: name the link that tools hang on, flange: <link>"),
        ("franka+", "unknown robot 'franka\\+'.*did you mean 'franka'"),
    ],
)
def test_what_cannot_be_mounted_is_one_line(robot, said):
    with pytest.raises(ConfigError, match=said) as error:
        load_embodiment(robot)
    assert "\n" not in str(error.value)


def test_an_arm_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match="unknown arm 'left'"):
        load_embodiment(own_file(tmp_path, "ur5e", tools={"left": "hybrid"}))

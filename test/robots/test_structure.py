# SPDX-License-Identifier: Apache-2.0
"""A URDF that contradicts its robot's file is refused in one line that names the joint, link or group, exit code 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from assets import PAIR

from vla_ros.cli import main

YAML, XACRO = PAIR.read_text(), PAIR.with_name("pair.urdf.xacro").read_text()
LEFT, RIGHT = (", ".join(f"{side}_joint{n}" for n in range(1, 7)) for side in ("left", "right"))
LIFT = '<joint name="lift_joint" type="prismatic">'
LIMIT = '<limit lower="0" upper="0.40" velocity="0.15" effort="1200"/>'


def check(folder: Path, yaml: str, xacro: str) -> int:
    (folder / "mine.yaml").write_text(yaml)
    (folder / "pair.urdf.xacro").write_text(xacro)
    (folder / "mine_impedance.yaml").write_text(PAIR.with_name("pair_impedance.yaml").read_text())
    return main(["robots", "check", str(folder / "mine.yaml")])


def changed(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


def refused(folder: Path, capsys, yaml: str, xacro: str, *names: str) -> None:
    assert check(folder, yaml, xacro) == 2
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert not said.out
    for name in names:
        assert name in line


def test_the_robot_as_it_is_passes(tmp_path, capsys):
    assert check(tmp_path, YAML, XACRO) == 0
    verdict = capsys.readouterr().out.splitlines()[-1]
    assert "mine.yaml: " in verdict
    assert "problem" not in verdict


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"left_joint4, ": "left_joint44, "}, ("arm 'left'", "'left_joint44'", "did you mean 'left_joint4'")),
        ({"tool_frame: left_tcp": "tool_frame: left_tpc"}, ("'left_tpc'", "did you mean 'left_tcp'")),
        ({"tool_frame: left_tcp": "tool_frame: right_tcp"}, ("'left_joint1' does not carry its tool 'right_tcp'",)),
        ({LEFT: LEFT.replace("joint1, left_joint2", "joint2, left_joint1")}, ("from the base to the tool", LEFT)),
        ({LEFT: LEFT.replace("left_joint3", "right_joint3")}, ("arm 'left'", "'right_joint3' does not carry its tool")),
        ({"[head_pan_joint, head_tilt_joint]": "[head_pan_joint, left_joint2]"}, ("'left_joint2' is given 2 times",)),
        ({"[head_pan_joint, head_tilt": "[head_pan_joint, hed_tilt"}, ("did you mean 'head_tilt_joint'",)),
        ({"name: head, joints": "name: lift, joints"}, ("the group 'lift' is given 2 times",)),
        ({"parallel\n    arm: left": "parallel\n    arm: right"}, ("'left_finger1_joint' is not on arm 'right'",)),
        ({"kind: suction, arm: right": "kind: suction, arm: left"}, ("cup 'right_cup' is not on arm 'left'",)),
        ({"arm: left\n": "arm: lefft\n"}, ("unknown arm 'lefft'", "did you mean 'left'")),
        ({"name: head, joints": "name: my head, joints"}, ("group 'my head'", "letters, digits")),
        ({"name: pair": "name: my/pair"}, ("robot 'my/pair'", "letters, digits")),
        ({"name: right_cup": "name: right_cap"}, ("'right_cap'",)),
    ],
    ids=lambda value: next(iter(value.values()))[:24] if isinstance(value, dict) else None,
)  # fmt: skip
def test_what_the_file_gets_wrong_is_named(tmp_path, capsys, changes, names):
    refused(tmp_path, capsys, changed(YAML, changes), XACRO, *names)


def test_a_joint_that_was_left_out_of_an_arm_is_named(tmp_path, capsys):
    five = re.sub(r"\[((?:[-\d.]+, ){4}[-\d.]+), [-\d.]+\]", r"[\1]", YAML)
    yaml = changed(five, {LEFT: LEFT.replace("left_joint3, ", ""), RIGHT: RIGHT.replace("right_joint3, ", "")})
    refused(tmp_path, capsys, yaml, XACRO, "arm 'left'", "'left_joint3' lies between its joints")


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({LIFT: LIFT.replace("prismatic", "fixed")}, ("joint group 'lift'", "is fixed in the URDF")),
        ({LIFT: LIFT.replace("prismatic", "prismatik")}, ("'lift_joint'", "did you mean 'prismatic'")),
        ({LIFT: LIFT.replace("prismatic", "floating")}, ("'lift_joint'", "unknown type 'floating'")),
        ({'type="revolute"': 'type="continuous"'}, ("'left_joint1' is continuous", "type revolute")),
        ({'<joint name="${name}_joint" type="prismatic">': '<joint name="${name}_joint" type="revolute">'},
         ("end effector 'left_gripper'", "'left_finger1_joint' is revolute", "must be prismatic")),
        ({LIMIT: ""}, ("'lift_joint'", "no <limit")),
        ({LIMIT: LIMIT.replace('velocity="0.15" ', "")}, ("'lift_joint'", "'velocity' in the <limit>", "is missing")),
        ({LIMIT: LIMIT.replace("0.15", "fast")}, ("'lift_joint'", "'velocity'", "'fast'")),
        ({LIMIT: LIMIT.replace("0.15", "inf")}, ("'lift_joint'", "'velocity'", "'inf'")),
        ({LIMIT: LIMIT.replace("0.15", "0")}, ("'lift_joint'", "must be above 0")),
        ({LIMIT: LIMIT + '<position_based_velocity_limits deceleration_limit="6"/>'},
         ("'velocity_offset' in the <position_based_velocity_limits>", "is missing")),
        ({LIMIT: LIMIT + '<position_based_velocity_limits deceleration_limit="-6" velocity_offset="0"/>'},
         ("'lift_joint'", "deceleration_limit must be above 0")),
        ({LIMIT: LIMIT.replace('lower="0"', 'lower="0.5"')}, ("'lift_joint'", "0.5 is not below", "0.4")),
        ({"</robot>": '<link name="stray"/></robot>'}, ("2 roots", "stray")),
        ({"</robot>": '<link name="world"/><joint name="stand" type="fixed"><parent link="world"/>'
          '<child link="base_link"/></joint></robot>'}, ("base_frame is 'base_link'", "root is 'world'")),
        ({'<child link="torso"/>': '<child link="tors"/>'}, ("'lift_joint'", "did you mean 'torso'")),
        ({"<inertial>": "<!--", "</inertial>": "-->"}, ("arm 'left'", "'left_joint6'", "<inertial>")),
    ],
)  # fmt: skip
def test_what_the_urdf_gets_wrong_is_named(tmp_path, capsys, changes, names):
    refused(tmp_path, capsys, YAML, changed(XACRO, changes), *names)


def test_a_link_on_two_joints_is_named(tmp_path, capsys):
    again = re.sub("lift_joint", "second_lift", XACRO[XACRO.index(LIFT) : XACRO.index('<link name="torso">')])
    broken = XACRO.replace("</robot>", f"{again}</robot>")
    refused(tmp_path, capsys, YAML, broken, "'torso' hangs on two joints, 'lift_joint' and 'second_lift'")

# SPDX-License-Identifier: Apache-2.0
"""`vla robots check` and `show --picture` on the robots that are there, and on the test robot made wrong in one way."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from assets import PAIR
from robot_rigs.changed_pair import changed_pair

from vla_ros.cli import main

HOME = "home: [0.0, -0.7, 1.6, 0.0, 0.67, 0.0]"
HEAD_MOUNT = "look_at: [1.0, 0.0, -0.45]"
TORSO = '<link name="torso"><xacro:box mass="20" size="0.16 0.30 0.30" xyz="0 0 0"/></link>'
HOLLOW = """<link name="torso"><inertial><mass value="20"/><inertia ixx="0.1" iyy="0.1" izz="{izz}" ixy="0" ixz="0"
    iyz="0"/></inertial><collision><geometry><box size="0.16 0.30 0.30"/></geometry></collision></link>"""
LIMIT = '<limit lower="0" upper="0.40" velocity="0.15" effort="1200"/>'

ONE = """
name: one
urdf: one.urdf
base_frame: base
arms:
  - {name: arm, joints: [pitch], tool_frame: tcp, home: [0.0], effort_rate: [1000.0], acceleration: [10.0],
     jerk: [5000.0], armature: [0.1], command_modes: [position]}
end_effectors: []
"""
ONE_JOINT = """<robot name="one"><link name="base"/>
  <link name="bar"><inertial><origin xyz="0.2 0 0"/><mass value="1.5"/>
    <inertia ixx="0.001" iyy="0.02" izz="0.02" ixy="0" ixz="0" iyz="0"/></inertial>
    <collision><origin xyz="0.2 0 0"/><geometry><box size="0.3 0.1 0.1"/></geometry></collision></link>
  <link name="tcp"/>
  <joint name="pitch" type="revolute"><parent link="base"/><child link="bar"/><origin xyz="0 0 0.1"/>
    <axis xyz="0 1 0"/><limit lower="-2" upper="2" velocity="1" effort="50"/></joint>
  <joint name="end" type="fixed"><parent link="bar"/><child link="tcp"/><origin xyz="0.4 0 0"/></joint></robot>"""


@pytest.mark.parametrize("name", ["ur5e", "franka", str(PAIR)])
def test_the_robots_there_are_pass_with_every_check(name, tmp_path, capsys):
    file = tmp_path / "found.json"
    assert main(["robots", "check", name, "--json", str(file)]) == 0
    (robot,) = json.loads(file.read_text())
    assert robot["robot"] == name
    assert {finding["level"] for finding in robot["findings"]} <= {"ok", "warning"}
    checks = [finding["check"] for finding in robot["findings"]]
    assert {"inertias", "joint limits", "own weight", "self-collision", "two models"} <= set(checks)
    assert any(check.startswith("reach ") for check in checks)
    assert any(check.startswith("camera ") for check in checks)
    said = capsys.readouterr()
    assert all("so far)" in line for line in said.err.splitlines())  # how far it is, every ten seconds
    for finding in robot["findings"]:
        assert finding["check"] in said.out
    assert said.out.splitlines()[-1].startswith(f"{name}: ")
    if name in ("ur5e", "franka"):
        assert said.out.endswith(f"{name}: ok\n")


@pytest.mark.parametrize(
    ("yaml", "xacro", "words"),
    [
        ({}, {TORSO: HOLLOW.format(izz=0.9)}, ("inertias: link 'torso'", "triangle inequality", "0.1 + 0.1 < 0.9")),
        ({HOME: "home: [-1.5, 0.0, 0.0, 0.0, 0.0, 0.0]"}, {}, ("self-collision", "into each other", "change 'home'")),
        ({HEAD_MOUNT: "look_at: [-1.0, 0.0, 0.45]"}, {}, ("camera head: sees 0 %", "turn its 'mount'")),
        ({"origin: [0.08, 0.0, 0.25]": "origin: [2.0, 0.0, 0.25]"}, {}, ("reach: no arm reaches", "'workplace'")),
        ({}, {LIMIT: LIMIT.replace("1200", "100")}, ("own weight: joint 'lift_joint' needs", "100 N·m")),
        ({}, {LIMIT: LIMIT.replace("1200", "0")}, ("joint 'lift_joint'", "effort must be above 0")),
        ({}, {LIMIT: LIMIT.replace("0.40", "0")}, ("joint 'lift_joint'", "0 is not below its upper one 0")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_one_line_with_its_remedy_and_exit_code_2(tmp_path, capsys, yaml, xacro, words):
    path = changed_pair(tmp_path, yaml, xacro)
    assert main(["robots", "check", str(path)]) == 2
    *_, line = capsys.readouterr().err.splitlines()  # behind the progress of a slow machine
    for word in words:
        assert word in line


def test_an_arm_of_one_joint_is_checked_like_any_other(tmp_path, capsys):
    (tmp_path / "one.urdf").write_text(ONE_JOINT)
    (tmp_path / "one_impedance.yaml").write_text("{workspace_lower: [-1, -1, -1], workspace_upper: [1, 1, 1]}")
    path = tmp_path / "one.yaml"
    path.write_text(ONE)
    assert main(["robots", "check", str(path)]) == 2
    said = capsys.readouterr()
    assert "reach: no arm reaches anything" in said.err
    assert "joint limits    ok" in said.out


def test_all_that_is_wrong_is_in_the_table_and_in_the_file(tmp_path, capsys):
    path, file = (
        changed_pair(tmp_path, {HEAD_MOUNT: "look_at: [-1.0, 0.0, 0.45]"}, {TORSO: HOLLOW.format(izz=0.9)}),
        tmp_path / "f",
    )
    assert main(["robots", "check", str(path), "--json", str(file)]) == 2
    said = capsys.readouterr()
    assert "(2 more in the table)" in said.err  # MuJoCo refuses that inertia as well
    (robot,) = json.loads(file.read_text())
    assert robot["level"] == "problem"
    wrong = [finding["check"] for finding in robot["findings"] if finding["level"] == "problem"]
    assert wrong == ["inertias", "simulation", "camera head"]
    assert said.out.splitlines()[-1].startswith(f"{path}: 3 problems")


def test_a_picture_shows_robot_frames_and_maps(tmp_path):
    file = tmp_path / "ur5e.png"
    assert main(["robots", "show", "ur5e", "--picture", str(file)]) == 0
    image = cv2.imread(str(file)).astype(int)  # BGR
    height, width = image.shape[:2]
    assert width == 1500
    top, below = image[: int(0.5 * height)], image[int(0.55 * height) :]
    for column in range(3):  # in each view axes of frames, cameras and a robot that fills some of it
        view = top[:, column * width // 3 : (column + 1) * width // 3].reshape(-1, 3)
        for color in ((40, 39, 214), (226, 43, 138)):
            assert (np.abs(view - color).max(axis=1) < 12).sum() > 30, (column, color)
        assert (view.max(axis=1) < 235).mean() > 0.05
    for side in range(2):  # in each map the bright end of its colours, and grey for out of reach
        panel = below[:, side * width // 2 : (side + 1) * width // 2].reshape(-1, 3)
        assert (np.abs(panel - (37, 231, 253)).max(axis=1) < 25).mean() > 0.003
        assert (np.abs(panel - (228, 228, 228)).max(axis=1) < 3).mean() > 0.03


def test_a_picture_of_no_png_is_refused_before_anything_is_drawn(tmp_path, capsys):
    assert main(["robots", "show", "ur5e", "--picture", str(tmp_path / "a.jpg")]) == 2
    assert "give a name that ends in .png" in capsys.readouterr().err


@pytest.mark.parametrize(("action", "option"), [("check", "--picture"), ("show", "--json"), ("list", "--picture")])
def test_an_option_of_another_action_is_refused_not_ignored(tmp_path, capsys, action, option):
    assert main(["robots", action, "ur5e", option, str(tmp_path / "a.png")]) == 2
    assert f"{option} is for `robots " in capsys.readouterr().err


def test_an_unknown_task_is_named(capsys):
    assert main(["robots", "check", "ur5e", "--task", "graping"]) == 2
    assert "did you mean 'grasping'" in capsys.readouterr().err


def test_show_without_a_picture_still_asks_for_a_robot(capsys):
    assert main(["robots", "show"]) == 2
    assert "robots show which?" in capsys.readouterr().err

# SPDX-License-Identifier: Apache-2.0

import dataclasses

import numpy as np
import pytest
import yaml
from assets import PAIR

from controllers.errors import ConfigError
from vla_ros.configuration import build, share_directory
from vla_ros.robots.control import load_control_config
from vla_ros.robots.embodiment import RobotConfig, embodiment_from, load_embodiment, robot_names
from vla_ros.robots.urdf import expand_xacro, joint_limits


@pytest.fixture(scope="module")
def franka():
    return load_embodiment("franka")


@pytest.fixture
def values() -> dict:
    return yaml.safe_load((share_directory() / "config" / "robots" / "franka.yaml").read_text())


def test_limits_are_the_published_ones(franka):
    """Franka Control Interface documentation, limits for Panda."""
    arm = franka.arm("panda")
    np.testing.assert_allclose(arm.lower, [-2.8973, -1.7628, -2.8973, -3.0718, -2.8973, -0.0175, -2.8973])
    np.testing.assert_allclose(arm.upper, [2.8973, 1.7628, 2.8973, -0.0698, 2.8973, 3.7525, 2.8973])
    np.testing.assert_allclose(arm.velocity, [2.175] * 4 + [2.61] * 3)
    np.testing.assert_allclose(arm.effort, [87.0] * 4 + [12.0] * 3)
    np.testing.assert_allclose(arm.effort_rate, [1000.0] * 7)


def test_gripper_is_the_franka_hand(franka):
    gripper = franka.gripper("panda_hand")
    assert (gripper.width_min, gripper.width_max) == (0.0, 0.08)
    assert gripper.speed == pytest.approx(0.1)
    assert gripper.force == 70.0


def test_arrays_cannot_be_changed(franka):
    with pytest.raises(ValueError, match="read-only"):
        franka.arms[0].home[0] = 1.0


def test_unknown_robot_names_the_nearest():
    assert "franka" in robot_names()
    with pytest.raises(ConfigError, match=r"unknown robot 'frankka': did you mean 'franka'\?"):
        load_embodiment("frankka")


def test_unknown_group_names_the_nearest(franka):
    with pytest.raises(ConfigError, match=r"unknown arm 'pandaa': did you mean 'panda'\?"):
        franka.arm("pandaa")
    with pytest.raises(ConfigError, match="unknown gripper"):
        franka.gripper("panda")


def with_arm(values: dict, **changes) -> dict:
    return {**values, "arms": [{**values["arms"][0], **changes}]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"home": [0.0] * 6}, "home has 6 values for 7 joints"),
        ({"home": [0.0] * 7}, "home of 'panda_joint4' is 0.0, outside its limits"),
        ({"tool_frame": "panda_tpc"}, r"unknown frame 'panda_tpc': did you mean 'panda_tcp'\?"),
        ({"effort_rate": [0.0] * 7}, "effort_rate must be > 0"),
        ({"command_modes": ["torque"]}, "unknown command mode 'torque'"),
        ({"joints": [f"panda_joint{i}" for i in range(7)]}, "unknown joint 'panda_joint0'"),
        ({"hoem": [0.0]}, r"unknown key 'hoem': did you mean 'home'\?"),
        ({"home": "zero"}, "expected a list, got 'zero'"),
    ],
)
def test_wrong_configuration_is_named(values, changes, message):
    with pytest.raises(ConfigError, match=message):
        embodiment_from(build(RobotConfig, with_arm(values, **changes), "franka.yaml"))


def test_gripper_on_an_unknown_arm(values):
    config = build(RobotConfig, values, "franka.yaml")
    gripper = dataclasses.replace(config.end_effectors[0], arm="left")
    with pytest.raises(ConfigError, match="unknown arm 'left'"):
        embodiment_from(dataclasses.replace(config, end_effectors=(gripper,)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "paralel"}, r"unknown kind 'paralel': did you mean 'parallel'"),
        ({"joints": []}, "a parallel gripper needs the 'joints' of its fingers"),
        ({"cups": ["a"]}, "a parallel gripper has no 'cups'"),
        ({"depth_max": -0.1}, "'depth_max' must be 0 to 1 m"),
        ({"name": "panda"}, "the group 'panda' is given 2 times"),
        ({"joints": ["panda_joint1", "panda_finger_joint1"]}, "the joint 'panda_joint1' is given 2 times"),
    ],
)
def test_wrong_end_effectors_are_named(values, changes, message):
    values["end_effectors"] = [values["end_effectors"][0] | changes]
    with pytest.raises(ConfigError, match=message):
        embodiment_from(build(RobotConfig, values, "franka.yaml"))


MOUNT = {"position": [0.0] * 3, "look_at": [1.0, 0.0, 0.0], "up": [0.0, 0.0, 1.0], "fovy": 60.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cameras": [{"name": "top", "mount": MOUNT}]}, "camera 'top': a 'mount' needs the 'frame' it is on"),
        (
            {"cameras": [{"name": "top", "frame": "panda_hand", "mount": MOUNT | {"fovy": 0.0}}]},
            "fovy must be 1 to 170",
        ),
        ({"workplace": {"origin": [0.0, 0.0, 5.0]}}, "workplace: give at most 3 m"),
    ],
)
def test_cameras_and_workplaces_that_cannot_be_are_named(values, changes, message):
    with pytest.raises(ConfigError, match=message):
        build(RobotConfig, values | changes, "franka.yaml")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kind": "hover"}, "unknown kind 'hover'"),
        ({"kind": "differential"}, "has no speed to the side"),
        ({"speed": [-0.1, 0.0, 0.0]}, "must be >= 0"),
    ],
)
def test_wrong_bases_are_named(values, changes, message):
    base = {"speed": [0.5, 0.5, 1.0], "acceleration": [1.0, 1.0, 1.0]}
    with pytest.raises(ConfigError, match=message):
        build(RobotConfig, values | {"base": base | changes}, "franka.yaml")


def test_a_robot_by_the_path_of_its_file():
    pair = load_embodiment(str(PAIR))
    assert [arm.name for arm in pair.arms] == ["left", "right"]
    assert pair.gripper("left_gripper").channels == ("left_gripper/width",)
    assert pair.gripper("left_gripper").width_max == pytest.approx(0.09)
    assert pair.end_effector("right_cup").channels == ("right_cup/suction",)
    assert pair.joint_group("lift").upper == pytest.approx(0.4)
    assert pair.base is not None
    assert load_control_config(str(PAIR)).gripper.close_below == 0.35
    with pytest.raises(ConfigError, match=r"robot 'pair' has 2 arms \(left, right\): this is for one, say which"):
        pair.only_arm
    assert pair.only_gripper.name == "left_gripper"
    with pytest.raises(ConfigError, match="there is no such file"):
        load_embodiment("nowhere.yaml")


def test_missing_and_broken_descriptions(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        expand_xacro(tmp_path / "none.xacro")
    broken = tmp_path / "broken.xacro"
    broken.write_text("<robot><link></robot>")
    with pytest.raises(ConfigError, match="xacro failed"):
        expand_xacro(broken)


def test_joint_without_limits():
    urdf = '<robot name="r"><joint name="a" type="revolute"/><joint name="b"><limit lower="0"/></joint></robot>'
    for joint in ("a", "b"):
        with pytest.raises(ConfigError, match=f"joint '{joint}'"):
            joint_limits(urdf, joint)

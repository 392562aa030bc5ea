# SPDX-License-Identifier: Apache-2.0
"""The base's controller: its parameters are those it has, and with them the wheels make the twist that was asked for.

Parameters and laws are what ros2_controllers 4.42 documents of omni_wheel_drive_controller and diff_drive_controller.
"""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree
from functools import partial
from math import cos, pi, sin
from pathlib import Path

import numpy as np
import pinocchio as pin
import pytest
import rclpy
import yaml
from assets import PAIR
from hypothesis import given, settings
from hypothesis import strategies as st
from nav_msgs.msg import Odometry

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment
from vla_ros.robots.ros2_control.config import Ros2ControlConfig
from vla_ros.robots.ros2_control.controllers import controllers_yaml, robot_controllers
from vla_ros.robots.ros2_control.description import MOCK, TOPIC, ros2_control_urdf
from vla_ros.robots.urdf import expand_xacro

COMMON = {
    "tf_frame_prefix_enable": bool, "tf_frame_prefix": str, "odom_frame_id": str, "base_frame_id": str,
    "open_loop": bool, "position_feedback": bool, "enable_odom_tf": bool, "cmd_vel_timeout": float,
}  # fmt: skip
OMNI = COMMON | {
    "wheel_offset": float, "wheel_names": list, "robot_radius": float, "wheel_radius": float,
    "diagonal_covariance.pose": list, "diagonal_covariance.twist": list,
}  # fmt: skip
LIMITS = [f"{way}_{what}" for way in ("max", "min") for what in ("velocity", "acceleration", "jerk")]
LIMITS += ["max_deceleration", "max_acceleration_reverse", "max_deceleration_reverse"]
DIFFERENTIAL = COMMON | {
    "left_wheel_names": list, "right_wheel_names": list, "wheel_separation": float, "wheel_radius": float,
    "wheel_separation_multiplier": float, "left_wheel_radius_multiplier": float, "right_wheel_radius_multiplier": float,
    "pose_covariance_diagonal": list, "twist_covariance_diagonal": list, "publish_limited_velocity": bool,
    "velocity_rolling_window_size": int, "publish_rate": float,
    **{f"{axis}.{limit}": float for axis in ("linear.x", "angular.z") for limit in LIMITS},
}  # fmt: skip
twists = st.tuples(st.floats(-0.8, 0.8), st.floats(-0.6, 0.6), st.floats(-1.2, 1.2)).map(np.array)

WHEEL = """
  <joint name="{name}" type="{kind}">
    <parent link="{parent}"/><child link="{name}_link"/>
    <origin xyz="{xyz}"/><axis xyz="{axis}"/><limit lower="-1" upper="1" velocity="{speed}" effort="5"/>
  </joint>
  <link name="{name}_link"><inertial>
    <mass value="1"/><inertia ixx="0.01" iyy="0.01" izz="0.01" ixy="0" ixz="0" iyz="0"/>
  </inertial></link>
"""


@pytest.fixture(scope="module")
def bytemini() -> Embodiment:
    return load_embodiment("bytemini")


def wheel(name: str, xyz: str, axis: str, parent="base_link", kind="continuous", speed=40.0) -> str:
    return WHEEL.format(name=name, xyz=xyz, axis=axis, parent=parent, kind=kind, speed=speed)


def wheeled(folder: Path, kind: str, *wheels: str) -> Embodiment:
    """Return the test robot on wheels of 0.1 m."""
    urdf = expand_xacro(str(PAIR.with_suffix(".urdf.xacro")))
    (folder / "wheeled.urdf").write_text(urdf.replace("</robot>", "".join(wheels) + "</robot>"))
    joints = [ElementTree.fromstring(f"<r>{one}</r>").find("joint").get("name") for one in wheels]
    config = yaml.safe_load(PAIR.read_text()) | {"name": "wheeled", "urdf": "wheeled.urdf"}
    speed = [0.6, 0.4 if kind == "holonomic" else 0.0, 1.0]
    config["base"] |= {"kind": kind, "speed": speed, "wheels": {"joints": joints, "radius": 0.1}}
    (folder / "wheeled.yaml").write_text(yaml.safe_dump(config))
    return load_embodiment(str(folder / "wheeled.yaml"))


@pytest.fixture
def on_wheels(tmp_path):
    """Return what makes the test robot one on wheels."""
    return partial(wheeled, tmp_path)


@pytest.fixture(scope="module")
def differential(tmp_path_factory) -> Embodiment:
    return wheeled(tmp_path_factory.mktemp("robot"), "differential", RIGHT, LEFT)


def parameters(robot: Embodiment, hardware: str = "mock") -> dict[str, object]:
    content = yaml.safe_load(controllers_yaml(robot, hardware))
    return content["/**/base_controller"]["ros__parameters"]


def flat(values: dict, prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in values.items():
        found |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return found


def omni_speeds(told: dict, twist: np.ndarray) -> np.ndarray:
    """Return what omni_wheel_drive_controller tells its wheels (N,) [rad/s]: it has numbers alone, no URDF."""
    count, (vx, vy, yaw) = len(told["wheel_names"]), twist
    angles = [told["wheel_offset"] + 2.0 * pi * k / count for k in range(count)]
    return np.array([sin(a) * vx - cos(a) * vy - told["robot_radius"] * yaw for a in angles]) / told["wheel_radius"]


def slip(robot: Embodiment, radius: float, twist: np.ndarray, speeds: dict[str, float]) -> np.ndarray:
    """Return how fast each wheel's contact slides along the direction in which it rolls (N,) [m/s], by its URDF."""
    model = pin.buildModelFromXML(expand_xacro(robot.urdf), pin.JointModelFreeFlyer())
    data, v = model.createData(), np.zeros(model.nv)
    v[[0, 1, 5]] = twist
    for joint, speed in speeds.items():
        v[model.idx_vs[model.getJointId(joint)]] = speed
    pin.forwardKinematics(model, data, pin.neutral(model), v)
    found = []
    for joint in speeds:
        number = model.getJointId(joint)
        velocity = pin.getVelocity(model, data, number, pin.ReferenceFrame.LOCAL_WORLD_ALIGNED)
        contact = velocity.linear + np.cross(velocity.angular, [0.0, 0.0, -radius])
        motion = model.joints[number].createData()
        model.joints[number].calc(motion, pin.neutral(model), np.ones(model.nv))
        axis = data.oMi[number].rotation @ np.asarray(motion.S).reshape(6)[3:]
        found.append(contact @ np.cross(axis, [0.0, 0.0, 1.0]))
    return np.array(found)


def test_the_omni_controllers_parameters_are_those_it_has(bytemini):
    told = flat(parameters(bytemini))
    assert {name: type(value) for name, value in told.items()} == {name: OMNI[name] for name in told}
    assert set(told) >= {"wheel_offset", "wheel_names", "robot_radius", "wheel_radius"}, "those without a default"
    assert len(told["wheel_names"]) == 4
    assert (told["wheel_offset"], told["robot_radius"]) == pytest.approx((pi / 4, 0.16 * 2**0.5))
    assert (told["odom_frame_id"], told["base_frame_id"]) == ("odom", "base_link")
    (controller,) = (one for one in robot_controllers(bytemini) if one.name == "base_controller")
    assert (controller.type, controller.active) == ("omni_wheel_drive_controller/OmniWheelDriveController", True)
    assert robot_controllers(bytemini)[-1].name == "joint_state_broadcaster"


@settings(max_examples=20)
@given(twists)
def test_omni_wheels_roll_as_the_twist_asks(twist):
    robot = load_embodiment("bytemini")
    told = parameters(robot)
    speeds = omni_speeds(told, twist)
    sliding = slip(robot, told["wheel_radius"], twist, dict(zip(told["wheel_names"], speeds, strict=True)))
    np.testing.assert_allclose(sliding, 0.0, atol=1e-6)
    np.testing.assert_allclose(robot.wheels.speeds(twist), speeds, atol=1e-6)
    np.testing.assert_allclose(robot.wheels.twist(speeds), twist, atol=1e-9)


def test_the_base_with_its_wheels_is_as_heavy_as_it_was(bytemini):
    """60 kg in one solid box: whole, the simulator's base moves as without wheels of their own."""
    inertia = pin.buildModelFromXML(expand_urdf(bytemini), pin.JointModelFreeFlyer()).inertias[1]
    x, y, z = np.array([0.46, 0.44, 0.36]) ** 2
    box = pin.Inertia(60.0, np.array([-0.02, 0.0, 0.2]), np.diag([y + z, x + z, x + y]) * 5.0)
    np.testing.assert_allclose(inertia.matrix(), box.matrix(), atol=1e-9)
    assert not [one for one in joints_of(expand_urdf(bytemini)).values() if one == "continuous"]


def joints_of(urdf: str) -> dict[str, str]:
    return {one.get("name"): one.get("type") for one in ElementTree.fromstring(urdf).findall("joint")}


@pytest.mark.parametrize(("hardware", "plugin", "system"), [("mock", MOCK, "base"), ("topic", TOPIC, "joints")])
def test_wheels_take_speeds_in_the_urdf_that_ros2_control_reads(bytemini, hardware, plugin, system):
    urdf = ros2_control_urdf(bytemini, hardware)
    (found,) = (one for one in ElementTree.fromstring(urdf).findall("ros2_control") if one.get("name") == system)
    assert found.findtext("hardware/plugin") == plugin
    told = parameters(bytemini, hardware)
    tags = {joint.get("name"): joint for joint in found.findall("joint")}
    for name in told["wheel_names"]:
        assert joints_of(urdf)[name] == "continuous"
        assert [one.get("name") for one in tags[name].findall("command_interface")] == ["velocity"]
        assert {"position", "velocity"} <= {one.get("name") for one in tags[name].findall("state_interface")}
    mock = {one.get("name"): one.text for one in found.findall("hardware/param")}
    if hardware == "mock":  # else what is commanded moves no encoder, and odometry says that the base stands
        assert mock == {"calculate_dynamics": "true"}
    interfaces = yaml.safe_load(controllers_yaml(bytemini, hardware))["/**/joint_state_broadcaster"]["ros__parameters"]
    assert not set(interfaces["joints"]) & set(told["wheel_names"])


def test_a_real_base_needs_a_driver(bytemini):
    """Mock components would report a motion that the base never makes."""
    assert "base_controller" not in {one.name for one in robot_controllers(bytemini, "real")}
    driver = {"groups": ["base"], "plugin": "wheels_of/Driver", "states": ["position", "velocity"]}
    config = build(Ros2ControlConfig, {"drivers": [driver]}, "robot.yaml: ros2_control")
    robot = dataclasses.replace(bytemini, ros2_control=config)
    assert "base_controller" in {one.name for one in robot_controllers(robot, "real")}
    root = ElementTree.fromstring(ros2_control_urdf(robot, "real"))
    (system,) = (one for one in root.findall("ros2_control") if one.get("name") == "base")
    assert system.findtext("hardware/plugin") == "wheels_of/Driver"
    assert len(system.findall("joint")) == 4


def test_a_controller_of_ones_own_under_that_name_is_refused(bytemini):
    own = {"controllers": [{"name": "base_controller", "type": "mine/Mine"}]}
    robot = dataclasses.replace(bytemini, ros2_control=build(Ros2ControlConfig, own, "robot.yaml: ros2_control"))
    with pytest.raises(ConfigError, match="there is a 'base_controller' already"):
        robot_controllers(robot)


@pytest.mark.parametrize("namespace", ["", "/left"])
def test_the_controllers_topics_are_those_that_are_heard(bytemini, namespace):
    """A node of its name with the arguments that the manager gives it."""
    entry = yaml.safe_load(controllers_yaml(bytemini))["/**/controller_manager"]["ros__parameters"]["base_controller"]
    context = rclpy.Context()
    rclpy.init(context=context)
    try:
        words = ["--ros-args", *entry["node_options_args"]]
        node = rclpy.create_node(
            "base_controller", context=context, namespace=namespace, cli_args=words, use_global_arguments=False
        )
        assert node.create_publisher(Odometry, "~/odom", 1).topic_name == f"{namespace}/odom"
        assert node.resolve_topic_name("~/cmd_vel") == f"{namespace}/base_controller/cmd_vel"
        node.destroy_node()
    finally:
        rclpy.shutdown(context=context)


LEFT, RIGHT = wheel("turn_left", "0 0.2 0.1", "0 1 0"), wheel("turn_right", "0 -0.2 0.1", "0 1 0")


@settings(max_examples=20)
@given(twist=twists)
def test_differential_wheels_roll_as_the_twist_asks(differential, twist):
    robot, twist = differential, twist * [1.0, 0.0, 1.0]
    told = parameters(robot)
    half = 0.5 * told["wheel_separation"] * twist[2]
    speeds = np.array([twist[0] - half, twist[0] + half]) / told["wheel_radius"]  # diff_drive_controller's
    names = (*told["left_wheel_names"], *told["right_wheel_names"])
    np.testing.assert_allclose(slip(robot, 0.1, twist, dict(zip(names, speeds, strict=True))), 0.0, atol=1e-6)
    np.testing.assert_allclose(robot.wheels.speeds(twist), speeds, atol=1e-6)
    np.testing.assert_allclose(robot.wheels.twist(speeds), twist, atol=1e-9)


def test_a_differential_base_has_its_controller(differential):
    told = flat(parameters(differential))
    assert {name: type(value) for name, value in told.items()} == {name: DIFFERENTIAL[name] for name in told}
    assert (told["left_wheel_names"], told["right_wheel_names"]) == (["turn_left"], ["turn_right"])
    assert (told["wheel_separation"], told["wheel_radius"]) == (0.4, 0.1)
    assert (told["linear.x.max_velocity"], told["angular.z.min_velocity"]) == (0.6, -1.0)
    (controller,) = (one for one in robot_controllers(differential) if one.name == "base_controller")
    assert controller.type == "diff_drive_controller/DiffDriveController"


def circle(count: int, radius: float = 0.2, first: float = 0.3, inward: tuple[int, ...] = (), **told) -> list[str]:
    found = []
    for k in range(count):
        a, s = first + 2.0 * pi * k / count, -1 if k in inward else 1
        place = f"{radius * cos(a):.9f} {radius * sin(a):.9f} 0.1"
        found.append(wheel(f"wheel{k}", place, f"{s * cos(a):.9f} {s * sin(a):.9f} 0", **told))
    return found


def test_three_wheels_in_any_order(on_wheels):
    first, second, third = circle(3)
    robot = on_wheels("holonomic", third, first, second)
    told = parameters(robot)
    assert told["wheel_names"] == ["wheel0", "wheel1", "wheel2"]
    assert (told["wheel_offset"], told["robot_radius"]) == pytest.approx((0.3, 0.2))
    twist = np.array([0.3, -0.2, 0.5])
    speeds = omni_speeds(told, twist)
    assert slip(robot, 0.1, twist, dict(zip(told["wheel_names"], speeds, strict=True))) == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(
    ("kind", "wheels", "message"),
    [
        ("holonomic", circle(3, inward=(1,)), "axis of joint 'wheel1' must point away"),
        ("holonomic", circle(2), "three or more omni wheels, got 2"),
        ("holonomic", [*circle(3)[:2], *circle(3, radius=0.25)[2:]], r"mm off: omni_wheel_drive_controller drives"),
        ("holonomic", circle(3, kind="revolute"), "joint 'wheel0' is revolute in the URDF, it must be continuous"),
        ("holonomic", circle(3, parent="torso"), "joint 'wheel0' is carried by joint 'lift_joint', not by the base"),
        ("holonomic", circle(3, speed=5.0), r"turns at most at 5 rad/s in the URDF, the base's 'speed' takes \d"),
        ("differential", [LEFT], "as many on the left as on the right, got 1 and 0"),
        ("differential", [LEFT, wheel("w", "0 -0.2 0.1", "0 -1 0")], "axis of joint 'w' must be y"),
        ("differential", [LEFT, wheel("w", "0 -0.3 0.1", "0 1 0")], "not as far from the x axis"),
        ("differential", [wheel("v", "0.1 0.2 0.1", "0 1 0"), wheel("w", "0.1 -0.2 0.1", "0 1 0")], "turns about the"),
    ],
)
def test_wheels_that_no_controller_drives_so_are_refused(on_wheels, kind, wheels, message):
    with pytest.raises(ConfigError, match=message):
        on_wheels(kind, *wheels)


def test_a_wheel_that_the_urdf_has_not_is_refused(on_wheels, tmp_path):
    on_wheels("differential", LEFT, RIGHT)
    path = tmp_path / "wheeled.yaml"
    path.write_text(path.read_text().replace("turn_left", "turn_lift"))
    (tmp_path / "other.yaml").write_text(path.read_text())
    with pytest.raises(ConfigError, match=r"'turn_lift'.*did you mean 'turn_left'"):
        load_embodiment(str(tmp_path / "other.yaml"))

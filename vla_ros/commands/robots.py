# SPDX-License-Identifier: Apache-2.0
"""List the robots this installation describes, show one with its limits, check it, or write its ros2_control files.

`ros2_control` prints the controllers' YAML, or with --urdf the URDF with the hardware in it; --output writes both.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vla_ros.robots.groups import PARALLEL

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment
    from vla_ros.robots.groups import ArmGroup, JointGroup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show", "check", "ros2_control"), help="what to do")
    parser.add_argument(
        "robot", nargs="?", help="name of a robot, or the path of its YAML file; `check` without one checks all"
    )
    manager = parser.add_argument_group("ros2_control", "for who runs a controller_manager of their own")
    manager.add_argument("--hardware", default="mock", metavar="H", help="topic, mock or real (default mock)")
    manager.add_argument("--robot-ip", default="", metavar="ADDRESS", help="with --hardware real: where the robot is")
    manager.add_argument("--namespace", default="/", help="with --hardware topic: of the topics (default /)")
    manager.add_argument("--urdf", action="store_true", help="print the URDF instead of the controllers")
    manager.add_argument("--output", metavar="DIR", help="write <robot>_ros2_control.yaml and <robot>.urdf there")


def run(arguments: argparse.Namespace) -> int:
    """List, show or check."""
    from controllers.errors import ConfigError
    from vla_ros.robots.embodiment import load_embodiment, robot_names, robot_path
    from vla_ros.robots.ros2_control.controllers import robot_controllers

    if arguments.action == "list":
        width = max(len(name) for name in robot_names())
        print("\n".join(f"{name:<{width}}  {robot_path(name)}" for name in robot_names()))
    elif arguments.action == "check":
        for name in [arguments.robot] if arguments.robot else robot_names():
            robot = load_embodiment(name)
            robot_controllers(robot)
            _check_models(robot)
            print(f"{name}: ok")
    elif arguments.robot is None:
        raise ConfigError(f"robots {arguments.action} which? one of: {', '.join(robot_names())}")
    elif arguments.action == "ros2_control":
        _write_ros2_control(load_embodiment(arguments.robot), arguments)
    else:
        print(_description(load_embodiment(arguments.robot)))
    return 0


def _check_models(robot: Embodiment) -> None:
    """Make what control and the simulator compute with. Raises ConfigError for what cannot be computed."""
    from controllers.errors import ConfigError
    from vla_ros.robots.control import FollowerFactory, load_control_config
    from vla_ros.sim.robot_model import robot_spec

    FollowerFactory(robot, load_control_config(robot.source))
    try:
        robot_spec(robot).compile()
    except ValueError as error:  # MuJoCo names the body or the joint in its first line
        raise ConfigError(f"robot '{robot.name}' cannot be simulated: {str(error).splitlines()[0]}") from None


def _write_ros2_control(robot: Embodiment, arguments: argparse.Namespace) -> None:
    from vla_ros.output_file import check_output
    from vla_ros.robots.ros2_control.controllers import controllers_yaml
    from vla_ros.robots.ros2_control.description import ros2_control_urdf

    urdf = ros2_control_urdf(robot, arguments.hardware, arguments.robot_ip, arguments.namespace)
    controllers = controllers_yaml(robot, arguments.hardware)
    if arguments.output is None:
        print(urdf if arguments.urdf else controllers, end="")
        return
    for name, text in ((f"{robot.name}_ros2_control.yaml", controllers), (f"{robot.name}.urdf", urdf)):
        path = Path(arguments.output) / name
        check_output("--output", str(path))
        path.write_text(text)
        print(path)


def _description(robot: Embodiment) -> str:
    cameras = ", ".join(robot.known_cameras) or "none"
    lines = [f"{robot.name}: base {robot.base_frame}, cameras {cameras}, {robot.urdf}"]
    for arm in robot.arms:
        lines += [f"arm {arm.name}, tool {arm.tool_frame}, commanded by {' or '.join(arm.command_modes)}"]
        lines += _joints(arm)
    for one in robot.end_effectors:
        what = f"{one.kind} {one.name} on {one.arm}"
        if one.kind == PARALLEL:
            what += f": width {one.width_min:.3f} to {one.width_max:.3f} m, {one.speed:.2f} m/s, {one.force:.0f} N"
        lines += [f"{what}; commanded by {', '.join(one.channels)}"]
    for group in robot.joint_groups:
        lines += [f"joint group {group.name}", *_joints(group)]
    if robot.base is not None:
        speed = ", ".join(f"{value:g}" for value in robot.base.speed)
        lines += [f"base {robot.base.frame}, {robot.base.kind}: at most {speed} (x, y [m/s], yaw [rad/s])"]
    return "\n".join(lines)


def _joints(group: ArmGroup | JointGroup) -> list[str]:
    rows = zip(group.joints, group.lower, group.upper, group.velocity, group.effort, strict=True)
    head = "  joint                lower    upper   [rad, m]  velocity [a second]  effort [N·m, N]"
    return [head, *(f"  {n:<18} {a:>8.3f} {b:>8.3f}             {v:>14.3f}  {e:>15.1f}" for n, a, b, v, e in rows)]

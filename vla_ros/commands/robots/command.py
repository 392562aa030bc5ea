# SPDX-License-Identifier: Apache-2.0
"""List the robots this installation describes, show one with its limits, check it, or write files for ROS of it.

`show --picture` draws a robot at home from three sides with its frames and cameras, and what each arm reaches.
`check` looks at inertias, limits, self-collision, reach, cameras and whether control and the simulator compute with the
same robot: a table, exit code 2 and one line where something is wrong. `ros2_control` prints the controllers' YAML, or
with --urdf the URDF with the hardware in it; --output writes both. `moveit` prints the SRDF; --output writes it, and
the parameters of the node that plans.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vla_ros.output_file import OutputFile
from vla_ros.robots.groups import PARALLEL
from vla_ros.tasks.table import DEFAULT_TASK

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment
    from vla_ros.robots.groups import ArmGroup, JointGroup


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show", "check", "ros2_control", "moveit"), help="what to do")
    parser.add_argument(
        "robot",
        nargs="?",
        help="name of a robot, or the path of its YAML file; `check` and `show --picture` without one take all",
    )
    parser.add_argument(
        "--picture", metavar="FILE.png", action=OutputFile, suffix=".png", help="show: draw the robot into this file"
    )
    parser.add_argument("--json", metavar="FILE", action=OutputFile, help="check: write what was found")
    parser.add_argument("--task", default=DEFAULT_TASK, help=f"whose table and cameras it is (default {DEFAULT_TASK})")
    manager = parser.add_argument_group("ros2_control", "for who runs a controller_manager of their own")
    manager.add_argument("--hardware", default="mock", metavar="H", help="topic, mock or real (default mock)")
    manager.add_argument("--robot-ip", default="", metavar="ADDRESS", help="with --hardware real: where the robot is")
    manager.add_argument("--namespace", default="/", help="with --hardware topic: of the topics (default /)")
    manager.add_argument("--urdf", action="store_true", help="print the URDF instead of the controllers")
    parser.add_argument(
        "--output", metavar="DIR", help="ros2_control: write <robot>_ros2_control.yaml and <robot>.urdf there; "
        "moveit: <robot>.srdf and <robot>_moveit.yaml"
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """List, show or check."""
    from controllers.errors import ConfigError
    from vla_ros.robots.embodiment import load_embodiment, robot_names, robot_path

    for option, action in (("picture", "show"), ("json", "check")):
        if getattr(arguments, option) and arguments.action != action:
            raise ConfigError(f"--{option} is for `robots {action}`, not for `robots {arguments.action}`: leave it out")
    if arguments.action == "list":
        width = max(len(name) for name in robot_names())
        print("\n".join(f"{name:<{width}}  {robot_path(name)}" for name in robot_names()))
    elif arguments.action == "check":
        _check([arguments.robot] if arguments.robot else robot_names(), arguments)
    elif arguments.action == "show" and arguments.picture:
        _draw([arguments.robot] if arguments.robot else robot_names(), arguments)
    elif arguments.robot is None:
        raise ConfigError(f"robots {arguments.action} which? one of: {', '.join(robot_names())}")
    elif arguments.action == "ros2_control":
        _write_ros2_control(load_embodiment(arguments.robot), arguments)
    elif arguments.action == "moveit":
        _write_moveit(load_embodiment(arguments.robot), arguments)
    else:
        print(_description(load_embodiment(arguments.robot)))
    return 0


def _check(names: Sequence[str], arguments: argparse.Namespace) -> None:
    """Print a table a robot. Raises ConfigError for the first problem, when all is printed and written."""
    from rich.console import Console

    from controllers.errors import ConfigError
    from vla_ros.commands.robots.check import check_robot
    from vla_ros.commands.robots.report import complaint, print_check
    from vla_ros.output_file import write_output
    from vla_ros.progress import shown
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.tasks.table import load_task

    ranges = load_task(arguments.task).sets.scene
    console, checked = Console(), []
    for name in names:
        with shown(f"checking {name}") as progress:
            checked.append(check_robot(name, load_embodiment(name), ranges, progress))
        print_check(console, checked[-1])
    if arguments.json:
        write_output("--json", arguments.json, json.dumps([found.as_json() for found in checked], indent=2) + "\n")
    if wrong := next((found for found in checked if found.problems), None):
        raise ConfigError(complaint(wrong))


def _draw(names: Sequence[str], arguments: argparse.Namespace) -> None:
    from vla_ros.commands.robots.picture import robot_sheet
    from vla_ros.launching.egl import require_egl
    from vla_ros.output_file import write_output
    from vla_ros.progress import shown
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.tasks.table import load_task

    ranges = load_task(arguments.task).sets.scene
    robots = [load_embodiment(name) for name in names]
    require_egl()
    with shown("drawing") as progress:
        picture = robot_sheet(robots, ranges, progress)
    write_output("--picture", arguments.picture, picture)
    print(arguments.picture)


def _write_ros2_control(robot: Embodiment, arguments: argparse.Namespace) -> None:
    from vla_ros.robots.ros2_control.controllers import controllers_yaml
    from vla_ros.robots.ros2_control.description import ros2_control_urdf

    urdf = ros2_control_urdf(robot, arguments.hardware, arguments.robot_ip, arguments.namespace)
    controllers = controllers_yaml(robot, arguments.hardware)
    if arguments.output is None:
        print(urdf if arguments.urdf else controllers, end="")
        return
    _write(arguments.output, {f"{robot.name}_ros2_control.yaml": controllers, f"{robot.name}.urdf": urdf})


def _write_moveit(robot: Embodiment, arguments: argparse.Namespace) -> None:
    from vla_ros.robots.moveit.parameters import planning_yaml
    from vla_ros.robots.moveit.semantics import srdf

    semantics = srdf(robot)
    if arguments.output is None:
        print(semantics, end="")
        return
    _write(
        arguments.output,
        {f"{robot.name}.srdf": semantics, f"{robot.name}_moveit.yaml": planning_yaml(robot, semantics)},
    )


def _write(folder: str, texts: Mapping[str, str]) -> None:
    from vla_ros.output_file import check_output

    for name, text in texts.items():
        path = Path(folder) / name
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

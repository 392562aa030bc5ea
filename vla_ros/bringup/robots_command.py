# SPDX-License-Identifier: Apache-2.0
"""List the robots this installation describes, show one with its limits, or check a description."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("action", choices=("list", "show", "check"), help="what to do")
    parser.add_argument("robot", nargs="?", help="name of a robot; `check` without one checks all")


def run(arguments: argparse.Namespace) -> int:
    """List, show or check."""
    from controllers.errors import ConfigError
    from vla_ros.robots.embodiment import load_embodiment, robot_names

    if arguments.action == "list":
        print("\n".join(robot_names()))
    elif arguments.action == "check":
        for name in [arguments.robot] if arguments.robot else robot_names():
            load_embodiment(name)
            print(f"{name}: ok")
    elif arguments.robot is None:
        raise ConfigError(f"robots show which? one of: {', '.join(robot_names())}")
    else:
        print(_description(load_embodiment(arguments.robot)))
    return 0


def _description(robot: Embodiment) -> str:
    lines = [f"{robot.name}: base {robot.base_frame}, cameras {', '.join(robot.cameras)}, {robot.urdf}"]
    for arm in robot.arms:
        lines += [f"arm {arm.name}, tool {arm.tool_frame}, commanded by {' or '.join(arm.command_modes)}"]
        lines += ["  joint                lower    upper   [rad]  velocity [rad/s]  effort [N·m]"]
        rows = zip(arm.joints, arm.lower, arm.upper, arm.velocity, arm.effort, strict=True)
        lines += [f"  {n:<18} {a:>8.3f} {b:>8.3f}          {v:>14.3f}  {e:>12.1f}" for n, a, b, v, e in rows]
    for gripper in robot.grippers:
        lines += [
            f"gripper {gripper.name}: width {gripper.width_min:.3f} to {gripper.width_max:.3f} m, "
            f"{gripper.speed:.2f} m/s, {gripper.force:.0f} N"
        ]
    return "\n".join(lines)

# SPDX-License-Identifier: Apache-2.0
"""Stop the arm of every job that runs on this machine: a damped stop, then it holds.

The stop is latched: control stays disabled until `vla recover`, whatever is restarted. This is no substitute for
the robot's own emergency stop."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(arguments: argparse.Namespace) -> int:
    """Publish the latch."""
    from vla_ros.commands.robot.operate import set_estop

    return set_estop(True)

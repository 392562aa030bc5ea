# SPDX-License-Identifier: Apache-2.0
"""Clear the latch that `vla stop` set. Nothing moves by itself: control stays disabled until it is enabled again.

A policy that a failure detector has wait for a person goes on: docs/failure_detection.md.
"""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(arguments: argparse.Namespace) -> int:
    """Publish the latch."""
    from vla_ros.commands.robot.operate import set_estop

    return set_estop(False)

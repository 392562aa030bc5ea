# SPDX-License-Identifier: Apache-2.0
"""Take the arm of every job that runs on this machine home, and hold it there.

It goes straight up first and then joint by joint, around nothing: clear the way. The job's own policy has the arm
again only once somebody enables control."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(arguments: argparse.Namespace) -> int:
    """Run home_node beside each job."""
    from vla_ros.commands.robot.operate import go_home

    return go_home()

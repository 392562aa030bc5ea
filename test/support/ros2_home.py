# SPDX-License-Identifier: Apache-2.0
"""Where the tests of the full ROS 2 home run: a shell with ROS 2's launch and a colcon build of this package."""

from __future__ import annotations

import importlib
import os
import shutil
from pathlib import Path

from rig.launched_job import LaunchedJob


def why_not() -> str:
    """Return what is missing for `ros2 launch vla_ros …` in this shell, or ""."""
    try:
        # The clone's own folder launch/ can be imported, and so can an unrelated package of PyPI.
        if not hasattr(importlib.import_module("launch"), "LaunchDescription"):
            return "ROS 2's launch is not installed here"
        importlib.import_module("launch_ros.actions")
    except ImportError as error:
        return f"ROS 2's launch is not installed here ({error})"
    if shutil.which("ros2") is None:
        return "the command ros2 is not installed here"
    prefixes = [Path(entry) for entry in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if entry]
    if not any((prefix / "lib" / "vla_ros" / "control_node").is_file() for prefix in prefixes):
        return "no colcon build of vla_ros is sourced here"
    return ""


class Ros2LaunchedJob(LaunchedJob):
    """The same job under `ros2 launch`."""

    def command(self) -> list[str]:
        """Return what starts it, without its arguments."""
        return ["ros2", "launch", "vla_ros", "franka_grasp.launch.py"]

    def environment(self, folder: Path) -> dict[str, str]:
        """Return the shell's own environment; the log folder marks the processes of this launch."""
        return dict(os.environ) | {"ROS_LOG_DIR": str(folder / "ros_log")}

    def process_name(self, node: str) -> str:
        """Return what is in the command line of a node's process and of no other."""
        return f"lib/vla_ros/{node}_node"

# SPDX-License-Identifier: Apache-2.0
"""Python, the packages and ROS: one of each, the right one, and whole."""

from __future__ import annotations

import importlib.util
import os
import sys
from importlib import metadata
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.commands.doctor.check_result import CheckResult, missing
from vla_ros.commands.doctor.jazzy import installed_ros_wheels, strangers

PYTHON_MIN = (3, 11)
# Module and, where it has another name, distribution.
NEEDED = {
    "numpy": "numpy",
    "scipy": "scipy",
    "mujoco": "mujoco",
    "pinocchio": "pin",
    "cv2": "opencv-python-headless",
    "xacro": "xacro",
    "yaml": "PyYAML",
    "ompl": "ompl",
    "toppra": "toppra",
    "ruckig": "ruckig",
    "mcap": "mcap",
    "rosbags": "rosbags",
}
_SHOWN = ("numpy", "mujoco", "pin", "opencv-python-headless")


def mixture() -> str:
    """Return what makes this a mixture of the wheels' ROS and an installed one, or ""."""
    if not installed_ros_wheels():
        return ""
    for name in ("AMENT_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH"):
        for entry in os.environ.get(name, "").split(os.pathsep):
            if entry.startswith("/opt/ros/") or (entry and (Path(entry) / "share/ament_index").is_dir()):
                return f"{name} holds {entry}"
    return ""


def refuse_mixture() -> None:
    """Raise ConfigError when this shell has sourced another ROS: its libraries would be loaded beside the wheels'."""
    found = mixture()
    if found:
        raise ConfigError(
            f"this shell has sourced another ROS installation ({found}), which cannot be mixed with the wheels in "
            "this environment: open a shell that has not, or use `ros2 launch vla_ros …` there"
        )


def check_python() -> CheckResult:
    """Look at the interpreter."""
    state = f"{'.'.join(map(str, sys.version_info[:3]))}, {sys.executable}"
    if tuple(sys.version_info[:2]) < PYTHON_MIN:
        wanted = ".".join(map(str, PYTHON_MIN))
        return missing("Python", state, f"{wanted} or newer is needed: remove .venv and run ./vla with such a python3")
    return CheckResult("Python", state)


def check_ros() -> CheckResult:
    """Look for rclpy, and for wheels of another distribution among Jazzy's."""
    wheels = installed_ros_wheels()
    if not wheels:
        try:
            import rclpy

            return CheckResult("ROS 2", f"rclpy from {Path(rclpy.__file__).parent}")
        except ImportError as error:
            return missing("ROS 2", f"{error}", "./vla sets it up, or source /opt/ros/jazzy/setup.bash")
    foreign = strangers(wheels)
    if foreign:
        return missing("ROS 2", "not all Jazzy: " + "; ".join(foreign), "remove .venv and run ./vla")
    return CheckResult("ROS 2", f"Jazzy, {len(wheels)} wheels, rclpy {wheels.get('ros-jazzy-rclpy', '?')}")


def check_mixture() -> CheckResult:
    """Look for a second ROS."""
    found = mixture()
    if found:
        return missing("one ROS only", found, "open a shell that has not sourced /opt/ros")
    return CheckResult("one ROS only", "no other installation is sourced")


def check_packages() -> CheckResult:
    """Look for what jobs import."""
    absent = [name for module, name in NEEDED.items() if importlib.util.find_spec(module) is None]
    if absent:
        return missing("packages", f"not installed: {', '.join(absent)}", f"./vla, or pip install {' '.join(absent)}")
    return CheckResult("packages", ", ".join(f"{name} {_version(name)}" for name in _SHOWN))


def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "from the system"  # Debian's cv2 comes without metadata

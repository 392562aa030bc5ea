# SPDX-License-Identifier: Apache-2.0
"""Look at this machine: what is missing, what it keeps from working, and what to do about it."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.bringup.egl import REMEDY, egl_problem
from vla_ros.bringup.jazzy import installed_ros_wheels, strangers

SHARED_MEMORY_MIB = 64  # a graph with one publisher of images takes less (config/dds)


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: `remedy` is empty when all is well; `fatal` ones keep jobs from running."""

    subject: str
    state: str
    remedy: str = ""
    fatal: bool = False


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


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("Python", f"{version}, {sys.executable}")


def _ros() -> Finding:
    wheels = installed_ros_wheels()
    if not wheels:
        try:
            import rclpy

            return Finding("ROS 2", f"rclpy from {Path(rclpy.__file__).parent}")
        except ImportError as error:
            return Finding("ROS 2", f"{error}", "./vla sets it up", fatal=True)
    foreign = strangers(wheels)
    if foreign:
        return Finding("ROS 2", "not all Jazzy: " + "; ".join(foreign), "remove .venv and run ./vla", fatal=True)
    return Finding("ROS 2", f"Jazzy, {len(wheels)} wheels, rclpy {wheels.get('ros-jazzy-rclpy', '?')}")


def _mixture() -> Finding:
    found = mixture()
    if found:
        return Finding("one ROS only", found, "open a shell that has not sourced /opt/ros", fatal=True)
    return Finding("one ROS only", "no other installation is sourced")


def _packages() -> Finding:
    versions = []
    for name in ("numpy", "mujoco", "pin", "opencv-python-headless"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            return Finding("packages", f"{name} is not installed", "./vla installs it", fatal=True)
    return Finding("packages", ", ".join(versions))


def _egl() -> Finding:
    if os.environ.get("MUJOCO_GL", "egl") != "egl":
        return Finding("rendering", f"MUJOCO_GL={os.environ['MUJOCO_GL']} is taken as it is")
    problem = egl_problem()
    return Finding("rendering", problem, REMEDY, fatal=True) if problem else Finding("rendering", "EGL works")


def _shared_memory() -> Finding:
    try:
        free = shutil.disk_usage("/dev/shm").free // 2**20
    except OSError:
        return Finding("/dev/shm", "is not there", "mount a tmpfs on /dev/shm: images travel through it", fatal=True)
    if free < SHARED_MEMORY_MIB:
        remedy = f"{SHARED_MEMORY_MIB} MiB are needed, or images get lost (in Docker: --shm-size=1g)"
        return Finding("/dev/shm", f"{free} MiB free", remedy)
    return Finding("/dev/shm", f"{free} MiB free")


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    state = f"{cores} cores, {memory:.1f} GiB memory"
    if cores < 2:
        return Finding("machine", state, "two cores are needed for real time")
    return Finding("machine", state) if memory >= 3.5 else Finding("machine", state, "4 GiB are needed")


def _realtime() -> Finding:
    try:
        policy = os.sched_getscheduler(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, policy, os.sched_param(0))
    except OSError:
        return Finding("real-time scheduling", "not permitted: control runs without it, which simulation does not mind")
    return Finding("real-time scheduling", "SCHED_FIFO is permitted")


CHECKS: tuple[Callable[[], Finding], ...] = (
    _python,
    _ros,
    _mixture,
    _packages,
    _egl,
    _shared_memory,
    _cores,
    _realtime,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments: none."""


def run(arguments: argparse.Namespace) -> int:
    """Print a line a check; exit code 1 when something keeps jobs from running."""
    findings = [check() for check in CHECKS]
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "ok" if not finding.remedy else ("FAIL" if finding.fatal else "warn")
        print(f"{mark:<4}  {finding.subject:<{width}}  {finding.state}")
        if finding.remedy:
            print(f"{'':<4}  {'':<{width}}  -> {finding.remedy}")
    return int(any(finding.fatal and finding.remedy for finding in findings))

# SPDX-License-Identifier: Apache-2.0
"""The part of a graph that is a real robot's cameras, where no driver of somebody else publishes them."""

from __future__ import annotations

from collections.abc import Mapping

from controllers.errors import ConfigError
from vla_ros.launching.arguments import LaunchArgument, Value
from vla_ros.launching.graph import Argument, NodeSpec
from vla_ros.launching.restarting import managed_again
from vla_ros.launching.ros2_control import SIMULATED, UNSIMULATED

CAMERA_SOURCE, DRIVER, REALSENSE = "camera_source", "driver", "realsense"  # camera_node takes the last as `source`


def camera_source_argument() -> LaunchArgument:
    """Return the launch argument that chooses who publishes a real robot's cameras."""
    return LaunchArgument(
        CAMERA_SOURCE,
        DRIVER,
        "who publishes a real robot's cameras: a driver that runs already, or this job with pyrealsense2; the "
        "simulator has its own",
        choices=(DRIVER, REALSENSE),
    )


def real_camera_node() -> NodeSpec:
    """Return camera_node beside a real robot. It comes up by itself: a job that lacks a picture still has its arm."""
    return NodeSpec(
        REALSENSE,
        "camera_node",
        {name: Argument(name) for name in ("robot", "cameras")} | {"source": REALSENSE, "autostart": True},
        when=UNSIMULATED | {CAMERA_SOURCE: (REALSENSE,)},
        again=managed_again,
    )


def check_camera_source(arguments: Mapping[str, Value]) -> None:
    """Raise ConfigError for real cameras of a simulated robot, and for those that are not connected or not known."""
    if arguments[CAMERA_SOURCE] != REALSENSE:
        return
    hardware = str(arguments["hardware"])
    if hardware in SIMULATED["hardware"]:
        raise ConfigError(
            f"{CAMERA_SOURCE}:={REALSENSE}: hardware:={hardware} has cameras of its own, which see what is simulated: "
            "leave it out"
        )
    from vla_ros.hardware.cameras.realsense.assignment import assign
    from vla_ros.hardware.cameras.realsense.config import load_realsense
    from vla_ros.hardware.cameras.realsense.library import found_cameras
    from vla_ros.robots.embodiment import load_embodiment, with_named_cameras

    robot = with_named_cameras(load_embodiment(str(arguments["robot"])), str(arguments["cameras"]))
    assign({name: load_realsense(name) for name in robot.cameras}, found_cameras())

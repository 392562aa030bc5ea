# SPDX-License-Identifier: Apache-2.0
"""ros2 launch vla_ros franka_grasp.launch.py [name:=value …]: the same graph as `vla launch franka_grasp`."""

from vla_ros.launching.jobs import load_job
from vla_ros.launching.ros_launch import launch_description


def generate_launch_description():
    return launch_description(load_job("franka_grasp"))

# SPDX-License-Identifier: Apache-2.0
"""ros2 launch vla_ros expert.launch.py [name:=value …]: the same graph as `vla launch expert`."""

from vla_ros.launching.jobs import load_job
from vla_ros.launching.ros_launch import launch_description


def generate_launch_description():
    return launch_description(load_job("expert"))

# SPDX-License-Identifier: Apache-2.0
"""ros2 launch vla_ros policy.launch.py [name:=value …]: the same graph as `vla launch policy`."""

from vla_ros.launching.jobs import load_job
from vla_ros.launching.ros_launch import launch_description


def generate_launch_description():
    return launch_description(load_job("policy"))

# SPDX-License-Identifier: Apache-2.0
"""LeRobot's robot and teleoperator of this stack; they run in LeRobot's Python, with its packages and without ROS.

Of this project they may import `vla_ros/runtime/` alone: what they ask goes to a node in a process of its own.
"""

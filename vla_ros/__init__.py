# SPDX-License-Identifier: Apache-2.0
"""vla_ros: vision-language-action policies on ROS 2, from a pip-only simulator to a real arm."""

__version__ = "0.1.0"

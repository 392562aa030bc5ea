# SPDX-License-Identifier: Apache-2.0
"""The declarative graph of nodes, and what starts it: the launcher of the pip home, or real ROS 2 launch."""

# SPDX-License-Identifier: Apache-2.0
"""Bags as rosbag2 writes them, in MCAP: written, read, judged, repaired and cut without ROS."""

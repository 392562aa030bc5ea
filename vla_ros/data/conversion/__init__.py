# SPDX-License-Identifier: Apache-2.0
"""Bags into datasets by a contract, and datasets back into bags. No ROS: messages are decoded by the bag's own text."""

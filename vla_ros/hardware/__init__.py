# SPDX-License-Identifier: Apache-2.0
"""Vendors' interfaces to real arms and hands, without ROS."""

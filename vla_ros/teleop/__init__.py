# SPDX-License-Identifier: Apache-2.0
"""Operators: the websocket they speak through, what their hands mean, the page they see. No ROS."""

# SPDX-License-Identifier: Apache-2.0
"""The graph's side of LeRobot's robot and teleoperator: frames over two pipes to topics (docs/lerobot.md)."""

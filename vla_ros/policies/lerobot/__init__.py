# SPDX-License-Identifier: Apache-2.0
"""Checkpoints of LeRobot's policies, in a process and an environment of LeRobot's own (docs/lerobot.md)."""

# SPDX-License-Identifier: Apache-2.0
"""A world for those who command one: it only remembers what it was told."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from vla_ros.robots.embodiment import load_embodiment


class RecordingWorld:
    """Keeps the last command of each kind, as the world's actuators would."""

    def __init__(self) -> None:
        self.embodiment = load_embodiment("franka")
        self.time = 0.0
        self.q = np.full(7, 0.3)
        self.arms, self.grippers, self.joint_groups = {"panda": self}, {"panda_hand": self}, {}
        self.cups = {}
        self.pistons = {}
        self.commands = SimpleNamespace(effort=None, position=None, pose=None, streams=None, width=None)

    def command_effort(self, effort):
        self.commands.effort = effort

    def command_position(self, q, stream=False):
        self.commands.position, self.commands.streams = q, stream

    def command_pose(self, pose):
        self.commands.pose = pose

    def command(self, width):
        self.commands.width = width

# SPDX-License-Identifier: Apache-2.0
"""What a follower commands, handed to every group of a world that it moves in lockstep."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from controllers.chunks.progress import RobotCommand
from controllers.follower import ChunkFollower
from vla_ros.sim.lockstep_world import LockstepWorld

PHYSICS_STEP_MAX = 0.002  # [s]


def physics_steps(period: float) -> int:
    """Return in how many equal steps of the physics a tick of `period` [s] is simulated."""
    return math.ceil(period / PHYSICS_STEP_MAX - 1e-9)


class Execution:
    """Hand commands to a world; of end effectors those that changed, as nodes do."""

    def __init__(self, world: LockstepWorld, drives: Mapping[str, str]) -> None:
        """`drives` says by arm what drives it: effort, position or pose."""
        self._world, self._drives = world, drives
        self.end_effectors: dict[str, float] = {}  # what was commanded last, by channel
        self._take: dict[str, Callable[[float], None]] = {
            **{f"{name}/width": gripper.command for name, gripper in world.grippers.items()},
            **{f"{name}/suction": cup.command for name, cup in world.cups.items()},
            **{f"{name}/depth": piston.command for name, piston in world.pistons.items()},
        }
        self.begin()

    def begin(self) -> dict[str, float]:
        """Start afresh; return what is measured of the end effectors [m], by channel, for `ChunkFollower.activate`."""
        widths = {f"{name}/width": gripper.width for name, gripper in self._world.grippers.items()}
        self.end_effectors = dict(widths)
        return widths

    def tell_base(self, follower: ChunkFollower) -> None:
        """Give a follower the odometry of the base, where the world's robot has one that moves."""
        base = self._world.base
        if base is not None:
            follower.observe_base(self._world.time, base.T_odom_base, base.twist)

    def execute(self, command: RobotCommand) -> None:
        """Hand one command to the world."""
        world = self._world
        for name, arm in command.arms.items():
            world.arms[name].command(arm, self._drives[name])
        for name, positions in command.joint_groups.items():
            world.joint_groups[name].command(positions)
        if world.base is not None:
            world.base.command(command.base_velocity)
        for channel, value in command.end_effectors.items():
            if value != self.end_effectors.get(channel) and channel in self._take:
                self.end_effectors[channel] = value
                self._take[channel](value)

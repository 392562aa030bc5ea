# SPDX-License-Identifier: Apache-2.0
"""Which topics of a bag say where each group of a robot was sent, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from controllers.chunks.auxiliary_track import BASE_AXES
from controllers.chunks.chunk import pose_channels
from vla_ros.data.conversion import message_numbers as numbers
from vla_ros.data.conversion import sources
from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.topics import commanded_pose_topic


@dataclass(frozen=True)
class RecordedCommands:
    """One topic: the channels its messages hold, and how a message is read (D,)."""

    name: str  # relative to the namespace
    channels: tuple[str, ...]
    read: Callable[[Any], np.ndarray]
    needed: bool  # without it there is nothing to be executed again


def recorded_commands(robot: Embodiment) -> tuple[RecordedCommands, ...]:
    """Return what a bag of this robot may hold of commands: tools, joint groups, end effectors, base."""
    return tuple(_commands(robot))


def _commands(robot: Embodiment) -> Iterator[RecordedCommands]:
    for arm in robot.arms:
        yield RecordedCommands(
            commanded_pose_topic(robot, arm.name), pose_channels(arm.name), numbers.pose_numbers, True
        )
    # What joint groups were commanded bears no stamp but that of its arrival: where they went is known better.
    joints = [joint for group in robot.joint_groups for joint in group.joints]
    if joints:
        channels = tuple(f"{joint}/position" for joint in joints)
        yield RecordedCommands(sources.JOINT_STATES, channels, partial(_positions, joints=joints), True)
    told = tuple(channel for one in robot.end_effectors for channel in one.channels)
    if told:
        yield RecordedCommands(sources.PROGRESS, told, partial(numbers.tool_numbers, channels=told), True)
    if robot.base is not None:
        yield RecordedCommands(sources.BASE_COMMANDS, BASE_AXES, _base_velocity, False)


def _positions(message: Any, joints: Sequence[str]) -> np.ndarray:
    return numbers.joint_numbers(message, joints)[0]


def _base_velocity(message: Any) -> np.ndarray:
    return numbers.twist_numbers(message)[[0, 1, 5]]

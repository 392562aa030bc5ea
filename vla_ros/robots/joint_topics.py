# SPDX-License-Identifier: Apache-2.0
"""Vendors' drivers that speak joint states over topics: the key `joint_topics` of config/robots/<robot>.yaml.

A driver says where its joints are and takes where they are to be, as sensor_msgs/JointState; it calls them otherwise
than the robot's URDF, and gives a gripper as one joint, its opening.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from controllers.errors import ConfigError
from vla_ros.robots.joint_layout import JointLayout, check_each_once

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment


@dataclass(frozen=True)
class JointTopicsConfig:
    """One driver, what it moves, and what it calls that."""

    groups: tuple[str, ...]  # arms, joint groups and parallel grippers, in the order of `names`
    states: str  # topic, relative to the robot's namespace
    commands: str
    names: tuple[str, ...]  # its names for the joints of the groups; a gripper has one
    state_names: tuple[str, ...] = ()  # where it names them otherwise in its states
    velocity: tuple[float, ...] = ()  # sent with every command: some drivers take a share of their speed [%] there
    effort: tuple[float, ...] = ()
    rate: float = 200.0  # [Hz] of commands

    def __post_init__(self) -> None:
        where = f"joint_topics: driver of '{self.commands}'"
        if not self.groups:
            raise ConfigError(f"{where}: 'groups' is empty: name what it moves")
        if not 1.0 <= self.rate <= 1000.0:
            raise ConfigError(f"{where}: 'rate' must be 1 to 1000 Hz, got {self.rate:g}")
        for key in ("state_names", "velocity", "effort"):
            values = getattr(self, key)
            if values and len(values) != len(self.names):
                raise ConfigError(f"{where}: '{key}' has {len(values)} values for {len(self.names)} names")


class JointDriver:
    """One driver and the values that it says and takes."""

    def __init__(self, robot: Embodiment, config: JointTopicsConfig) -> None:
        """Raises ConfigError for a group that the robot has not, or for names that are too few or too many."""
        self.config = config
        self.layout = JointLayout(robot, config.groups, "joint_topics")
        if self.layout.size != len(config.names):
            raise ConfigError(
                f"joint_topics: driver of '{config.commands}': {len(config.names)} names for {self.layout.size} joints "
                f"of {', '.join(config.groups)} (a gripper is one)"
            )
        self.state_names = config.state_names or config.names

    def take(self, topic: str, numbers: np.ndarray, wanted: np.ndarray, measured: np.ndarray) -> None:
        """Write a command into `wanted`, as JointLayout does, by the driver's names."""
        self.layout.take(topic, numbers, wanted, measured, self.config.names)


def joint_drivers(robot: Embodiment) -> tuple[JointDriver, ...]:
    """Return the drivers of a robot. Raises ConfigError where they do not have each of its moving joints once."""
    if not robot.joint_topics:
        raise ConfigError(
            f"robot '{robot.name}' names no driver that speaks joint states: give 'joint_topics' in its file "
            "(docs/hardware.md)"
        )
    drivers = tuple(JointDriver(robot, config) for config in robot.joint_topics)
    check_each_once(robot, [group for config in robot.joint_topics for group in config.groups], "joint_topics")
    return drivers

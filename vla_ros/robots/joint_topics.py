# SPDX-License-Identifier: Apache-2.0
"""Vendors' drivers that speak joint states over topics: the key `joint_topics` of config/robots/<robot>.yaml.

A driver says where its joints are and takes where they are to be, as sensor_msgs/JointState; it calls them otherwise
than the robot's URDF, and gives a gripper as one joint, its opening.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.ros2_control.names import command_controller

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment

FAR = 0.35  # [rad] or [m] between where a joint is and is to be: more is no next step of any motion, but a jump
OUTSIDE = 1e-3  # [rad] or [m] that rounding may put a command beyond a joint's range
MEASURED_OVER_S = 0.02  # [s] that velocities are measured over: drivers give none, or noise


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


class CommandedPart(NamedTuple):
    """The driver's values that one topic of commands is about."""

    values: slice
    fingers: int  # of a gripper, whose controller is told the way of one of them; 0: no gripper


class JointDriver:
    """What one driver says and takes, in the robot's joints: names, ranges, openings and fingers."""

    def __init__(self, robot: Embodiment, config: JointTopicsConfig) -> None:
        """Raises ConfigError for a group that the robot has not, or for names that are too few or too many."""
        groups = {group.name: group for group in robot.jointed_groups}
        self.config = config
        self.parts: dict[str, CommandedPart] = {}  # by the topic of their commands
        joints: list[str] = []
        rows: list[int] = []  # which of the driver's values each joint is
        shares: list[float] = []  # and what share of it
        lower: list[float] = []
        upper: list[float] = []
        for name in config.groups:
            if name not in groups:
                raise ConfigError(f"joint_topics: {unknown_name('group', name, groups)}")
            group, at = groups[name], len(lower)
            count = len(group.joints)
            joints += group.joints
            if isinstance(group, EndEffectorGroup):
                rows, shares = rows + [at] * count, shares + [1.0 / count] * count
                lower, upper = [*lower, group.width_min], [*upper, group.width_max]
            else:
                rows, shares = [*rows, *range(at, at + count)], shares + [1.0] * count
                lower, upper = [*lower, *group.lower], [*upper, *group.upper]
            fingers = count if isinstance(group, EndEffectorGroup) else 0
            topic = f"{command_controller(name, 'position')}/commands"
            self.parts[topic] = CommandedPart(slice(at, len(lower)), fingers)
        if len(lower) != len(config.names):
            raise ConfigError(
                f"joint_topics: driver of '{config.commands}': {len(config.names)} names for {len(lower)} joints of "
                f"{', '.join(config.groups)} (a gripper is one)"
            )
        self.joints = tuple(joints)
        self.state_names = config.state_names or config.names
        self._rows, self._shares = np.array(rows), np.array(shares)
        self._lower, self._upper = np.array(lower), np.array(upper)

    @property
    def size(self) -> int:
        """Return how many values the driver has."""
        return len(self.config.names)

    def positions(self, values: np.ndarray) -> np.ndarray:
        """Return the robot's joints (N,) [rad] or [m] of the driver's values (size,): fingers share an opening."""
        return values[self._rows] * self._shares

    def take(self, topic: str, numbers: np.ndarray, wanted: np.ndarray, measured: np.ndarray) -> None:
        """Write a command of one of `parts` into `wanted` (size,), the driver's values.

        `measured` (size,): where it is. Raises VlaError, and writes nothing, for a command of the wrong length, that is
        not finite, outside the joints' ranges, or further than FAR from where what is no gripper is.
        """
        part, fingers = self.parts[topic]
        names, lower, upper = self.config.names[part], self._lower[part], self._upper[part]
        if len(numbers) != len(names):
            raise VlaError(f"{topic}: {len(numbers)} numbers for {len(names)} joints")
        values = numbers * max(fingers, 1)
        if not np.isfinite(values).all():
            raise VlaError(f"{topic}: not finite")
        outside = (values < lower - OUTSIDE) | (values > upper + OUTSIDE)
        if outside.any():
            worst = int(outside.argmax())
            raise VlaError(
                f"{topic}: {names[worst]} at {values[worst]:.3f}, allowed {lower[worst]:.3f} to {upper[worst]:.3f}"
            )
        away = np.abs(values - measured[part])
        if not fingers and away.max() > FAR:
            worst = int(away.argmax())
            raise VlaError(f"{topic}: {names[worst]} is to jump by {away[worst]:.2f}, allowed {FAR}")
        np.clip(values, lower, upper, out=wanted[part])


def joint_drivers(robot: Embodiment) -> tuple[JointDriver, ...]:
    """Return the drivers of a robot. Raises ConfigError where they do not have each of its moving joints once."""
    if not robot.joint_topics:
        raise ConfigError(
            f"robot '{robot.name}' names no driver that speaks joint states: give 'joint_topics' in its file "
            "(docs/hardware.md)"
        )
    drivers = tuple(JointDriver(robot, config) for config in robot.joint_topics)
    driven = [group for config in robot.joint_topics for group in config.groups]
    for group in robot.jointed_groups:
        if driven.count(group.name) != 1:
            times = "no driver" if group.name not in driven else "two drivers"
            raise ConfigError(f"joint_topics: the group '{group.name}' has {times}")
    return drivers


class DifferencedVelocity:
    """Velocities of joints from their positions, over a time that swallows the noise of an encoder."""

    def __init__(self, size: int) -> None:
        self._past: list[tuple[float, np.ndarray]] = []
        self._velocity = np.zeros(size)

    def update(self, now: float, position: np.ndarray) -> np.ndarray:
        """Return velocities (N,) at `now` [s], where the joints are at `position` (N,)."""
        if self._past and now <= self._past[-1][0]:
            return self._velocity
        self._past.append((now, position.copy()))
        while len(self._past) > 2 and now - self._past[1][0] >= MEASURED_OVER_S:
            self._past.pop(0)
        before, where = self._past[0]
        if before < now:
            self._velocity = (position - where) / (now - before)
        return self._velocity

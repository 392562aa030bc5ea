# SPDX-License-Identifier: Apache-2.0
"""How an interface that knows a gripper as one opening numbers a robot's joints, and what it may be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from controllers.errors import ConfigError, VlaError, unknown_name
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.robots.ros2_control.names import command_controller

if TYPE_CHECKING:
    from vla_ros.robots.embodiment import Embodiment

FAR = 0.35  # [rad] or [m] between where a joint is and is to be: more is no next step of any motion, but a jump
OUTSIDE = 1e-3  # [rad] or [m] that rounding may put a command beyond a joint's range


class CommandedPart(NamedTuple):
    """The values that one topic of positions is about."""

    values: slice
    fingers: int  # of a gripper, whose controller is told the way of one of them; 0: no gripper


class JointLayout:
    """The values (size,) of some groups: the joints of arms and joint groups, a gripper's opening."""

    def __init__(self, robot: Embodiment, names: Sequence[str], where: str) -> None:
        """`where` begins what is said against a group. Raises ConfigError for one of `names` that is no group."""
        groups = {group.name: group for group in robot.jointed_groups}
        self.parts: dict[str, CommandedPart] = {}  # by the topic of their commands
        joints: list[str] = []
        rows: list[int] = []  # which of the values each joint is
        shares: list[float] = []  # and what share of it
        lower: list[float] = []
        upper: list[float] = []
        for name in names:
            if name not in groups:
                raise ConfigError(f"{where}: {unknown_name('group', name, groups)}")
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
            self.parts[f"{command_controller(name, 'position')}/commands"] = CommandedPart(
                slice(at, len(lower)), fingers
            )
        self.joints = tuple(joints)
        self.size = len(lower)
        self._rows, self._shares = np.array(rows), np.array(shares)
        self._lower, self._upper = np.array(lower), np.array(upper)

    def spread(self, values: np.ndarray) -> np.ndarray:
        """Return of each joint (N,) what belongs to it of `values` (size,): fingers share an opening, or its speed."""
        return values[self._rows] * self._shares

    def take(
        self, topic: str, numbers: np.ndarray, wanted: np.ndarray, measured: np.ndarray, names: Sequence[str]
    ) -> None:
        """Write positions that came on one of the topics of `parts` into `wanted` (size,).

        `measured` (size,): where it is. `names` (size,): what the values are called to the reader. Raises VlaError, and
        writes nothing, for a command of the wrong length, that is not finite, outside the joints' ranges, or further
        than FAR from where what is no gripper is. A joint that is outside already may stay there, and come back.
        """
        part, fingers = self.parts[topic]
        names, lower, upper = names[part], self._lower[part], self._upper[part]
        check_numbers(topic, numbers, len(names))
        values = numbers * max(fingers, 1)
        if not fingers:  # a PiPER at rest lies folded on its stops, a little beyond what its limits say
            lower, upper = np.minimum(lower, measured[part]), np.maximum(upper, measured[part])
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


def check_numbers(topic: str, numbers: np.ndarray, count: int) -> None:
    """Raise VlaError for a command that is not `count` finite numbers."""
    if len(numbers) != count:
        raise VlaError(f"{topic}: {len(numbers)} numbers for {count} joints")
    if not np.isfinite(numbers).all():
        raise VlaError(f"{topic}: not finite")


def check_each_once(robot: Embodiment, driven: Sequence[str], where: str) -> None:
    """Raise ConfigError where the groups that drivers have are not each of the robot's with joints once."""
    for group in robot.jointed_groups:
        if driven.count(group.name) != 1:
            times = "no driver" if group.name not in driven else "two drivers"
            raise ConfigError(f"{where}: the group '{group.name}' has {times}")

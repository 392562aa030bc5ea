# SPDX-License-Identifier: Apache-2.0
"""What whole-body control is told of a robot: its arms, its other joints, its base, with their limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.arm.limits import NO_LIMIT
from controllers.errors import ConfigError


@dataclass(frozen=True, eq=False)
class BodyGroup:
    """Some joints with their limits, each array (N,) in their order; an arm's have a tool frame."""

    joints: tuple[str, ...]
    lower: np.ndarray  # [rad, m]
    upper: np.ndarray  # [rad, m]
    velocity: np.ndarray  # [rad/s, m/s]
    acceleration: np.ndarray  # [rad/s², m/s²]
    posture: np.ndarray  # [rad, m] where they are when nothing else is asked of them
    tool_frame: str = ""  # of an arm
    mimics: Mapping[str, str] = field(default_factory=dict)  # joints that go where one of `joints` goes
    stiffness: np.ndarray | None = None  # (N,) [N·m/rad] of its driver's position servo, where that is known
    damping: np.ndarray | None = None  # (N,) [N·m·s/rad]
    deceleration: np.ndarray = ()  # type: ignore[assignment]  # [rad/s², m/s²] towards the ends (`ArmLimits`); …
    velocity_offset: np.ndarray = ()  # type: ignore[assignment]  # [rad/s, m/s] … empty: speed limits do not fall

    def __post_init__(self) -> None:
        if not self.joints:
            raise ConfigError("whole body: a group has no joints")
        for name, none in (("deceleration", NO_LIMIT), ("velocity_offset", 0.0)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.joints), none))
        for name in ("lower", "upper", "velocity", "acceleration", "posture", "deceleration", "velocity_offset"):
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.shape != (len(self.joints),) or not np.isfinite(value).all():
                raise ConfigError(f"whole body: '{name}' of {self.joints[0]} … must be {len(self.joints)} numbers")
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        if (self.velocity <= 0.0).any() or (self.acceleration <= 0.0).any() or (self.lower >= self.upper).any():
            raise ConfigError(f"whole body: {self.joints[0]} …: speed and acceleration above 0, lower below upper")


@dataclass(frozen=True)
class MovingBase:
    """A base that drives: x, y [m/s], yaw [rad/s], their changes a second, and what it stands on."""

    speed: tuple[float, float, float]
    acceleration: tuple[float, float, float]
    support: tuple[tuple[float, float], ...] = ()  # [m] contacts with the floor, base frame; empty: it does not tip

    def __post_init__(self) -> None:
        if min(*self.speed, *self.acceleration) < 0.0:
            raise ConfigError(f"base: speed and acceleration must be >= 0, got {self.speed}, {self.acceleration}")
        if self.support and len(self.support) < 3:
            raise ConfigError(f"base: 'support' must be three or more contacts, got {len(self.support)}")

    @property
    def axes(self) -> tuple[int, ...]:
        """Return which of x, y, yaw it can move along: a differential base has no y."""
        return tuple(axis for axis in range(3) if self.speed[axis] > 0.0 and self.acceleration[axis] > 0.0)


@dataclass(frozen=True)
class Box:
    """A box that stands in the robot's surroundings, such as a table."""

    name: str
    size: tuple[float, float, float]  # [m]
    center: tuple[float, float, float]  # [m] in the odometry's frame, which is the base's at the start
    yaw: float = 0.0  # [rad]


@dataclass(frozen=True, eq=False)
class Body:
    """A whole robot. Raises ConfigError where nothing of it moves."""

    urdf: str  # XML text
    groups: Mapping[str, BodyGroup]
    base: MovingBase | None = None
    obstacles: tuple[Box, ...] = ()
    surface: float | None = None  # [m] height of what it works on above its base, wherever that drives; none: none
    locked: Mapping[str, float] = field(default_factory=dict)  # [rad, m] of joints of no group, else 0

    def __post_init__(self) -> None:
        if not self.arms:
            raise ConfigError("whole body: none of the groups has a tool frame")

    @property
    def arms(self) -> tuple[str, ...]:
        """Name the groups with a tool."""
        return tuple(name for name, group in self.groups.items() if group.tool_frame)

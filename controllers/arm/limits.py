# SPDX-License-Identifier: Apache-2.0
"""What an arm may do: joint ranges, speeds, efforts, and the box its tool stays in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError

NO_LIMIT = 1e6  # [rad/s²]


@dataclass(frozen=True, eq=False)
class ArmLimits:
    """Limits of N joints, (N,) each, and a box for the tool in the base frame.

    Where a robot's speed limits fall towards the ends of its joints' ranges, `deceleration` a and `velocity_offset` o
    say how: d before an end a joint may be √(2 a d) − o fast (libfranka's position-based velocity limits).

    Raises ConfigError when shapes disagree, a value is not finite or a range is empty.
    """

    lower: np.ndarray  # [rad]
    upper: np.ndarray  # [rad]
    velocity: np.ndarray  # [rad/s]
    effort: np.ndarray  # [N·m]
    effort_rate: np.ndarray  # [N·m/s]
    workspace_lower: np.ndarray = (-1.0, -1.0, -0.5)  # type: ignore[assignment]  # (3,) [m]
    workspace_upper: np.ndarray = (1.0, 1.0, 1.5)  # type: ignore[assignment]  # (3,) [m]
    acceleration: np.ndarray = ()  # type: ignore[assignment]  # [rad/s²] of the commanded motion; empty: no limit
    deceleration: np.ndarray = ()  # type: ignore[assignment]  # [rad/s²] towards the ends; empty: speeds do not fall
    velocity_offset: np.ndarray = ()  # type: ignore[assignment]  # [rad/s] towards the ends; empty: 0

    def __post_init__(self) -> None:
        for name, none in (("acceleration", NO_LIMIT), ("deceleration", NO_LIMIT), ("velocity_offset", 0.0)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(np.shape(self.lower), none))
        for name in self.__dataclass_fields__:
            value = np.array(getattr(self, name), dtype=np.float64)
            if value.ndim != 1 or not np.isfinite(value).all():
                raise ConfigError(f"limits: '{name}' must be a list of finite numbers, got {value}")
            value.flags.writeable = False
            object.__setattr__(self, name, value)
        for name in ("upper", "velocity", "effort", "effort_rate", "acceleration", "deceleration", "velocity_offset"):
            if len(getattr(self, name)) != len(self.lower):
                raise ConfigError(
                    f"limits: '{name}' has {len(getattr(self, name))} values for {len(self.lower)} joints"
                )
        for low, high in (("lower", "upper"), ("workspace_lower", "workspace_upper")):
            if (getattr(self, low) >= getattr(self, high)).any():
                raise ConfigError(f"limits: '{low}' must be below '{high}'")
        for name in ("velocity", "effort", "effort_rate", "acceleration", "deceleration"):
            if (getattr(self, name) <= 0.0).any():
                raise ConfigError(f"limits: '{name}' must be positive, got {getattr(self, name)}")
        if (self.velocity_offset < 0.0).any():
            raise ConfigError(f"limits: 'velocity_offset' must be >= 0, got {self.velocity_offset}")

    def contains(self, positions: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Say for each tool position (..., 3) [m] whether it lies in the box widened by `margin` [m]."""
        inside = (positions >= self.workspace_lower - margin) & (positions <= self.workspace_upper + margin)
        return np.asarray(inside.all(axis=-1))

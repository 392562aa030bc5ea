# SPDX-License-Identifier: Apache-2.0
"""What to plan and what comes back.

Shape legend: N joints, K samples.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from controllers.errors import ConfigError
from vla_ros.planning.scene import CollisionScene, checked_pose
from vla_ros.robots.groups import EndEffectorGroup

Widths = float | Mapping[str, float] | None  # [m] between the fingers of every gripper, or by arm; None: open


def width_of(gripper: EndEffectorGroup, widths: Widths) -> float:
    """Return how far one gripper is open [m]: as far as it goes where nothing is said of it."""
    width = widths.get(gripper.arm) if isinstance(widths, Mapping) else widths
    return gripper.width_max if width is None else width


@dataclass(frozen=True, eq=False)
class JointGoal:
    """A joint configuration to come to rest at."""

    q: np.ndarray  # (N,) [rad]

    def __post_init__(self) -> None:
        object.__setattr__(self, "q", _configuration(self.q, "goal"))


@dataclass(frozen=True, eq=False)
class PoseGoal:
    """A pose of the arm's tool frame to come to rest at, in whatever configuration is best."""

    T_base_tool: np.ndarray  # (4, 4)
    position_tolerance: float = 1e-3  # [m]
    rotation_tolerance: float = 0.01  # [rad]

    def __post_init__(self) -> None:
        object.__setattr__(self, "T_base_tool", checked_pose(self.T_base_tool, "goal"))
        if not (0.0 < self.position_tolerance <= 0.5 and 0.0 < self.rotation_tolerance <= np.pi):
            raise ConfigError(
                f"goal tolerances must be above 0 and at most 0.5 m and 3.14 rad, got "
                f"{self.position_tolerance:g} m and {self.rotation_tolerance:g} rad"
            )


@dataclass(frozen=True, eq=False)
class ArmGoals:
    """What each arm, by its name, is to come to rest at; an arm that is not named comes back to where it starts."""

    goals: Mapping[str, JointGoal | PoseGoal]

    def __post_init__(self) -> None:
        if not self.goals:
            raise ConfigError("a goal of several arms names no arm: give at least one")
        object.__setattr__(self, "goals", dict(self.goals))


@dataclass(frozen=True, eq=False)
class PlanningProblem:
    """From where, to where, around what, how carefully, how fast.

    Raises ConfigError for a value that makes no sense.
    """

    start: np.ndarray  # (N,) [rad] of all planned arms, in their order
    goal: JointGoal | PoseGoal | ArmGoals
    scene: CollisionScene = field(default_factory=CollisionScene)
    gripper_width: Widths = None
    margin: float = 0.01  # [m] kept from everything in the scene, and between two arms
    speed_scale: float = 0.5  # time is stretched by its inverse: velocity × s, acceleration × s², jerk × s³
    budget_s: float = 2.0  # [s] after which searching is given up
    seed: int = 0  # the same problem and seed give the same plan

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _configuration(self.start, "start"))
        for name, low, high in (
            ("margin", 0.0, 0.2), ("speed_scale", 0.01, 1.0), ("budget_s", 0.01, 600.0), ("seed", 0, 2**31 - 2),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise ConfigError(f"planning problem: '{name}' must be {low:g} to {high:g}, got {value:g}")


@dataclass(frozen=True, eq=False)
class Plan:
    """A trajectory at rest at both ends, checked between its samples: no robot point moves further than 2 mm."""

    joints: tuple[str, ...]
    times: np.ndarray  # (K,) [s] from 0
    positions: np.ndarray  # (K, N) [rad]
    velocities: np.ndarray  # (K, N) [rad/s]
    accelerations: np.ndarray  # (K, N) [rad/s²]
    backend: str
    figures: Mapping[str, float] = field(default_factory=dict)  # how it was found: seconds, attempts, checks

    @property
    def duration(self) -> float:
        """Return how long the motion takes [s]."""
        return float(self.times[-1])

    @property
    def goal(self) -> np.ndarray:
        """Return where it ends (N,) [rad]."""
        return self.positions[-1]

    @property
    def length(self) -> float:
        """Return the length of the path in joint space [rad]."""
        return float(np.linalg.norm(np.diff(self.positions, axis=0), axis=1).sum())

    def sample(self, times: np.ndarray) -> np.ndarray:
        """Return positions (M, N) [rad] at `times` (M,) [s]; before and after the motion the arm rests."""
        if len(self.times) == 1:
            return np.repeat(self.positions, len(times), axis=0)
        # Cubic Hermite between samples; by hand, for SciPy's takes most of a second to import.
        t = np.clip(times, 0.0, self.times[-1])
        k = np.clip(np.searchsorted(self.times, t, side="right") - 1, 0, len(self.times) - 2)
        h = (self.times[k + 1] - self.times[k])[:, None]
        u = (t - self.times[k])[:, None] / h
        q0, q1, v0, v1 = self.positions[k], self.positions[k + 1], self.velocities[k], self.velocities[k + 1]
        way = u * u * (3.0 - 2.0 * u)
        return q0 + way * (q1 - q0) + h * u * (1.0 - u) * ((1.0 - u) * v0 - u * v1)


def _configuration(q: np.ndarray, what: str) -> np.ndarray:
    q = np.array(q, dtype=float)
    if q.ndim != 1 or not np.isfinite(q).all():
        raise ConfigError(f"{what}: a joint configuration must be (N,) finite numbers [rad], got shape {q.shape}")
    q.flags.writeable = False
    return q

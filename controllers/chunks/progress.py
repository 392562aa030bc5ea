# SPDX-License-Identifier: Apache-2.0
"""What the chunk follower says: the command for each group, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.chunks.chunk import TaskStatus
from controllers.chunks.track import CARTESIAN

DISABLED = "disabled"


@dataclass
class ArmCommand:
    """What goes to one arm, of which its drive writes one; the same object every tick."""

    effort: np.ndarray  # (N,) [N·m] without gravity
    position: np.ndarray  # (N,) [rad]
    pose: np.ndarray = field(default_factory=lambda: np.array([0.0] * 6 + [1.0]))  # (7,) [m], quaternion xyzw


@dataclass
class RobotCommand:
    """What goes to the robot; the same object every tick."""

    arms: dict[str, ArmCommand] = field(default_factory=dict)
    joint_groups: dict[str, np.ndarray] = field(default_factory=dict)  # (N,) positions [rad] or [m]
    end_effectors: dict[str, float] = field(default_factory=dict)  # by channel: [m], or suction 0 or 1
    base_velocity: np.ndarray = field(default_factory=lambda: np.zeros(3))  # x, y [m/s], yaw [rad/s]


@dataclass
class ArmProgress:
    """What one arm is doing; the same object every tick."""

    T_base_ee_commanded: np.ndarray = field(default_factory=lambda: np.eye(4))
    mode: str = CARTESIAN
    manipulability: float = 0.0


@dataclass
class Progress:
    """What the follower is doing; the same object every tick."""

    arms: dict[str, ArmProgress] = field(default_factory=dict)
    end_effectors: dict[str, float] = field(default_factory=dict)  # commanded, by channel: [m], or suction 0 or 1
    sequence: int = -1  # of the chunk being executed
    source: str = ""
    index: int = 0  # points of the chunk reached so far
    executed_s: float = 0.0  # [s] chunk time executed so far
    remaining_s: float = 0.0  # [s] of the chunk still to be executed
    hold_reason: str = DISABLED  # "" while moving
    enabled: bool = False
    shadow: bool = False  # nothing is sent to the robot
    status: TaskStatus = TaskStatus.ONGOING
    lag: float = 0.0  # of the arm that is furthest behind its command, as a share of the most it is led

    def forget_chunk(self) -> None:
        """Be at no chunk: what was executed before the robot was enabled says nothing about it."""
        self.sequence, self.source = -1, ""
        self.index, self.executed_s, self.remaining_s = 0, 0.0, 0.0
        self.status = TaskStatus.ONGOING

# SPDX-License-Identifier: Apache-2.0
"""What the chunk follower says: the command for the arm, and how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from controllers.chunk import TaskStatus
from controllers.motion import CARTESIAN

DISABLED = "disabled"


@dataclass
class Command:
    """What goes to the arm, of which its drive writes one, and to its gripper; the same object every tick."""

    effort: np.ndarray  # (N,) [N·m] without gravity
    position: np.ndarray  # (N,) [rad]
    pose: np.ndarray = field(default_factory=lambda: np.array([0.0] * 6 + [1.0]))  # (7,) [m], quaternion xyzw
    gripper_width: float = 0.0  # [m]
    tools: dict[str, float] = field(default_factory=dict)  # of other tools, by channel: [m], or suction 0 or 1
    base_velocity: np.ndarray = field(default_factory=lambda: np.zeros(3))  # x, y [m/s], yaw [rad/s]


@dataclass
class Progress:
    """What the follower is doing; the same object every tick."""

    T_base_ee_commanded: np.ndarray = field(default_factory=lambda: np.eye(4))
    gripper_width: float = 0.0  # [m] commanded
    sequence: int = -1  # of the chunk being executed
    source: str = ""
    index: int = 0  # points of the chunk reached so far
    executed_s: float = 0.0  # [s] chunk time executed so far
    remaining_s: float = 0.0  # [s] of the chunk still to be executed
    hold_reason: str = DISABLED  # "" while moving
    enabled: bool = False
    shadow: bool = False  # nothing is sent to the arm
    status: TaskStatus = TaskStatus.ONGOING
    mode: str = CARTESIAN
    lag: float = 0.0  # tool from its commanded position, as a share of the error clip
    manipulability: float = 0.0

    def forget_chunk(self) -> None:
        """Be at no chunk: what was executed before the arm was enabled says nothing about it."""
        self.sequence, self.source = -1, ""
        self.index, self.executed_s, self.remaining_s = 0, 0.0, 0.0
        self.status = TaskStatus.ONGOING

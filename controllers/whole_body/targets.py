# SPDX-License-Identifier: Apache-2.0
"""What a whole robot is to do at once: poses of hands, places of joints, a motion of its base, pushes on its hands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class HandTarget:
    """Where a tool is to be, and how it moves there."""

    T: np.ndarray  # (4, 4) in the base where it rides along, in the odometry's frame else
    twist: np.ndarray | None = None  # (6,) [m/s, rad/s] of the target at full progress, the same axes; none: at rest
    riding: bool = False  # the base carries the target along: a hand before the robot, wherever it goes


@dataclass(frozen=True, eq=False)
class BodyTarget:
    """Everything for one tick. What is not named does what is best for the rest, and leans to its posture.

    A policy's chunk may say poses of the hands, an operator's stick the base and the lift: both are one target.
    """

    hands: Mapping[str, HandTarget] = field(default_factory=dict)  # by arm
    joints: Mapping[str, np.ndarray] = field(default_factory=dict)  # (N,) [rad, m] by group
    elbows: Mapping[str, float] = field(default_factory=dict)  # [rad] swivel by arm: 0 hangs, see elbow.py
    base: np.ndarray | None = None  # (3,) [m/s, m/s, rad/s]; none: it moves where that helps the hands
    wrenches: Mapping[str, np.ndarray] = field(default_factory=dict)  # (6,) [N, N·m] outside on a tool, base axes
    # (N,) [rad/s, m/s] how those joints move at full progress: one that is told waits with the hands
    joint_speeds: Mapping[str, np.ndarray] = field(default_factory=dict)
    base_stands: bool = False  # the base comes to rest and stays, whatever the hands would have of it
    ease: float = 1.0  # share of the way to posture and manipulability; 0: what nothing asks for stays where it is

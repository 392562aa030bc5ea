# SPDX-License-Identifier: Apache-2.0
"""What is noted at each camera frame of a demonstration.

Shape legend: N objects of the scene.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controllers.chunks.chunk import TaskStatus
from vla_ros.objects.grasp import Grasp
from vla_ros.robots.embodiment import Embodiment
from vla_ros.sim.scenes.scene import SceneCamera


@dataclass(frozen=True, eq=False)
class RobotMoment:
    """What a robot does at one frame, by channel."""

    measured: Mapping[str, float]
    commanded: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class GraspMoment:
    """The grasp of a robot with one hand at one frame."""

    T_base_ee_commanded: np.ndarray  # (4, 4)
    T_base_grasp: np.ndarray  # (4, 4) where the fingers will close
    opening: float  # [m]
    options: tuple[Grasp, ...]  # other grasps of the object
    closed: bool  # the fingers are around the object: its grasp is past


@dataclass(frozen=True, eq=False)
class Moment:
    """One frame's numbers."""

    robot: RobotMoment
    instruction: str  # that counts now
    requested: tuple[str, ...]  # names of the objects that it asks for, where the judge knows them
    receptacle: str  # name of the object into which they are to be put, where there is a single one
    status: TaskStatus  # what the demonstrator says of it
    boxes: dict[str, np.ndarray]  # camera → (N, 5), see ObjectBoxes.measure
    cameras: tuple[SceneCamera, ...]  # as they stand now
    positions: np.ndarray  # (N, 3) [m]
    extents: np.ndarray  # (N, EXTENT), see ObjectBoxes.extents
    valid: bool  # the action that begins here is worth imitating
    grasp: GraspMoment | None  # None: a robot with several hands
    options: tuple[Grasp, ...] = ()  # of such a robot: grasps of the thing that a hand is on its way to


def has_one_hand(robot: Embodiment) -> bool:
    """Say whether a robot has one arm with one gripper: then there is a grasp to speak of."""
    return len(robot.arms) == 1 and len(robot.grippers) == 1

# SPDX-License-Identifier: Apache-2.0
"""Which of a robot's parallel grippers a task is done with: the one whose arm reaches its object best."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.robots.embodiment import Embodiment
from vla_ros.robots.groups import EndEffectorGroup


def with_working_gripper(embodiment: Embodiment, position: np.ndarray | None) -> Embodiment:
    """Return the robot with the gripper chosen that takes what is at `position` (3,) [m], base frame; None: the first.

    A robot with fewer than two comes back as it is. An arm whose description does not say where it reaches is the last
    to be chosen; of the others the one whose reach is strained least, from the shoulder's axis to the wrist's circle.
    """
    if len(embodiment.grippers) < 2:
        return embodiment
    chosen = embodiment.grippers[0]
    if position is not None:
        chosen = min(embodiment.grippers, key=lambda gripper: _strain(embodiment, gripper, position))
    return dataclasses.replace(embodiment, working_gripper=chosen.name)


def _strain(embodiment: Embodiment, gripper: EndEffectorGroup, position: np.ndarray) -> float:
    """Return how far a point is from the middle of an arm's reach [m]."""
    reach = embodiment.arm(gripper.arm).reach
    if reach is None:
        return np.inf
    distance = float(np.linalg.norm(position[:2] - reach.axis))
    middle = 0.5 * (reach.nearest + reach.wrist + reach.wrist_offset)
    return abs(distance - middle)

# SPDX-License-Identifier: Apache-2.0
"""What goes wrong on purpose in demonstrations: grasps beside the object, pushes off the way.

A policy trained on successes alone never opens its hand again after an empty grasp, and has not seen itself off its way
(Laskey et al. 2017, DART). The errors themselves are marked and not imitated.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.motion import ExpertMotionConfig, MotionPhase, Step, approach
from vla_ros.sim.grasping.planning import PlannedGrasp

NEAR = 0.09  # [m] from the grasp: pushed back along the tool's axis rather than through what is there


class FailureMode(Enum):
    """What goes wrong in a demonstration."""

    NONE = "none"
    MISSED = "missed"  # closes beside or above the object
    SLIPPED = "slipped"  # loses it while lifting
    EMPTY = "empty"  # the fingers are closed on nothing, in the air
    WRONG = "wrong"  # holds another object


def missed_by(rng: np.random.Generator) -> np.ndarray:
    """Return how far (3,) [m] a grasp is off that misses: above, or to a side."""
    if rng.uniform() < 0.35:
        return np.array([0.0, 0.0, rng.uniform(0.03, 0.06)])
    angle = rng.uniform(-np.pi, np.pi)
    return rng.uniform(0.03, 0.07) * np.array([np.cos(angle), np.sin(angle), 0.0])


def misplaced(
    planned: PlannedGrasp, offset: np.ndarray, T_start: np.ndarray, motion: ExpertMotionConfig
) -> PlannedGrasp:
    """Return a plan whose grasp is off by (3,) [m], for a tool that starts at (4, 4)."""
    T = planned.grasp.T_base_grasp.copy()
    T[:3, 3] += offset
    way = approach(T_start, T, planned.grasp.opening, 0.06, motion)
    return PlannedGrasp(Grasp(T, planned.grasp.opening, 0.0, planned.grasp.cost), way, False, planned.margin)


def detour(here: np.ndarray, grasp: np.ndarray, table: float, width_max: float, rng: np.random.Generator) -> list[Step]:
    """Return a push of the tool (4, 4) to the side, and back along its axis where the grasp (4, 4) is near.

    `table` [m] is how high that stands, in the same frame.
    """
    near = float(np.linalg.norm(here[:3, 3] - grasp[:3, 3])) < NEAR
    direction = rng.normal(size=3)
    direction /= np.linalg.norm(direction)
    end = here.copy()
    if near:
        side = direction - (direction @ here[:3, 2]) * here[:3, 2]
        end[:3, 3] += rng.uniform(0.005, 0.03) * side - rng.uniform(0.01, 0.06) * here[:3, 2]
        angle = 0.2
    else:
        end[:3, 3] += rng.uniform(0.02, 0.09) * direction * (1.0, 1.0, 0.6)
        angle = 0.4
    end[2, 3] = max(end[2, 3], table + 0.04, min(here[2, 3], grasp[2, 3]))
    turn = Rotation.from_rotvec(angle * rng.uniform(-1, 1, size=3) * (0.5, 0.5, 1.0))
    end[:3, :3] = turn.as_matrix() @ here[:3, :3]
    width = float(rng.choice([width_max, rng.uniform(0.03, width_max)]))
    count = int(rng.integers(4, 7))
    turns = Rotation.from_matrix(here[:3, :3]) * Rotation.from_rotvec(
        np.linspace(0, 1, count + 1)[1:, None]
        * (Rotation.from_matrix(here[:3, :3]).inv() * Rotation.from_matrix(end[:3, :3])).as_rotvec()
    )
    steps = []
    for share, rotation in zip(np.linspace(0, 1, count + 1)[1:], turns.as_matrix(), strict=True):
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = rotation, here[:3, 3] + share * (end[:3, 3] - here[:3, 3])
        steps.append(Step(T, width, MotionPhase.APPROACH))
    return steps

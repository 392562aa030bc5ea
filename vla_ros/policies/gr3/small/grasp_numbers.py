# SPDX-License-Identifier: Apache-2.0
"""The grasp that is to come, as numbers beside the state: the way of each tool to it, along the base's axes.

The small GR-3 has GraspVLA's chain for its hands: which thing is meant, how to grasp it, then the motion. A network of
this size that had to find the grasp within the motion closed beside things.
Shape legend: F frames, A = 2 tools, left and right.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.gr3.small.thing_numbers import TOOLS
from vla_ros.policies.grasp_finding.grasp_pose import nearest_flip, softened

OF_TOOL = 3 + 3 + 3  # the way, its last centimetres, the turn
GRASP_NUMBERS = TOOLS * OF_TOOL + 2  # and the opening; 1 where a grasp is known
NEAR = 0.03  # [m] the last centimetres


def grasp_numbers(grasps: np.ndarray, openings: np.ndarray, tools: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return numbers (F, GRASP_NUMBERS) float32 of grasps (F, 4, 4) and openings (F,) [m]; zeros where none is known.

    `tools` (F, A, 4, 4) are the poses of the tools, `known` (F,) says of which frames there is a grasp to come. All
    poses are in the robot's base. The fingers are alike: of a grasp's two rotations the one nearer to the tool counts.
    """
    parts = []
    for tool in range(TOOLS):
        away = grasps[:, :3, 3] - tools[:, tool, :3, 3]
        turn = Rotation.from_matrix(nearest_flip(grasps[:, :3, :3], tools[:, tool, :3, :3]))
        turn = turn * Rotation.from_matrix(tools[:, tool, :3, :3]).inv()
        parts += [softened(away, 0.1), np.clip(away, -NEAR, NEAR) / NEAR, turn.as_rotvec()]
    numbers = np.concatenate([*parts, 25.0 * openings[:, None], np.ones((len(grasps), 1))], axis=1)
    return np.where(known[:, None], numbers, 0.0).astype(np.float32)

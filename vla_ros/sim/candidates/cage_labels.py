# SPDX-License-Identifier: Apache-2.0
"""What becomes of a candidate of suction with fingers around what is lifted.

The tool comes and lifts as by suction, its fingers open and in; these go out and close once the object is clear of
all else, so that they can touch nothing but what is held. Shape legend: N candidates, F fingers.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.side_room import side_room
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_labels import suction_scores
from vla_ros.sim.candidates.swept_tool import SweptTool, finger_ways

CAGED = 0.5  # score from which on fingers count as around the object
LOOSE = 0.04  # [m] between a finger and the object at which it cages nothing


def cage_scores(
    still: StillScene, tool: Tool, candidates: Candidates, objects: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return scores (N,) by criterion, and (N,) bool: the pick by suction succeeds, and the fingers are around it."""
    scores, success = suction_scores(still, tool, candidates, objects)
    scores["caging"] = caging(still, tool, candidates, objects)
    return scores, success & (scores["caging"] >= CAGED)


def caging(still: StillScene, tool: Tool, candidates: Candidates, objects: np.ndarray) -> np.ndarray:
    """Return (N,) how well fingers stand around the object where the cups hold it: of the finger that does so worst.

    1: beyond its widest place and close to it; less by how little of the way there a finger goes, and by its gap over
    40 mm; 0 where a finger touches it or passes it by.
    """
    poses = candidates.positions, candidates.rotations, candidates.widths, candidates.depths
    touches = SweptTool(still, tool).touches(*poses).elements[:, len(tool.cups) :]
    hit = np.take_along_axis(touches, objects[:, None, None], axis=2)[..., 0].any(axis=1)
    ways = finger_ways(tool, candidates.widths)
    each = np.zeros((len(objects), len(tool.fingers)))
    for row in np.flatnonzero(~hit):
        points = (still.surfaces[objects[row]] - candidates.positions[row]) @ candidates.rotations[row]
        for number, finger in enumerate(tool.fingers):
            beside = side_room(points, finger)
            if beside is not None:
                deep = (candidates.depths[row] - beside.top) / (beside.beyond - beside.top)
                near = 1.0 - max(beside.room - ways[row], 0.0) / LOOSE
                each[row, number] = np.clip(deep, 0.0, 1.0) * np.clip(near, 0.0, 1.0)
    return each.min(axis=1)

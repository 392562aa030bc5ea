# SPDX-License-Identifier: Apache-2.0
"""What becomes of placements: a held object is let go at a pose of the tool, and falls straight down.

Shape legend: N candidates, C criteria.
"""

from __future__ import annotations

import numpy as np

from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import Tool
from vla_ros.sim.candidates.container import PITCH, Container, HeightMap, height_map
from vla_ros.sim.candidates.held_object import HeldObject
from vla_ros.sim.candidates.labels import Labels
from vla_ros.sim.candidates.landing import Landing, landing
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.swept_tool import SweptTool

PRESSED = 0.003  # [m] that an object may stand in what it is put on: it gives way
DROP = 0.03  # [m] from which on a fall is one
ABOVE_RIM = 0.03  # [m] that an object may stand: it is no failure of packing yet


def label_placements(
    still: StillScene, tool: Tool, container: Container, held: HeldObject, candidates: Candidates
) -> Labels:
    """Label poses of the tool at which it lets go, in a scene without the held object, by `criteria_of(PLACE)`.

    Success: neither tool nor object hits anything, and the object falls by 30 mm at most, lies stably, wholly between
    the walls and no more than 30 mm higher than these.
    """
    heights = height_map(still, container)
    hit = SweptTool(still, tool).touches(
        candidates.positions, candidates.rotations, candidates.widths, candidates.depths
    )
    collides = hit.any
    T_container_base = np.linalg.inv(container.T_base_container)
    depth = container.inside[2]
    names = [criterion.name for criterion in criteria_of(PLACE)]
    scores = np.full((len(collides), len(names)), np.nan, np.float32)
    success = np.zeros(len(collides), bool)
    for row, (position, rotation) in enumerate(zip(candidates.positions, candidates.rotations, strict=True)):
        T_base_tool = np.eye(4)
        T_base_tool[:3, :3], T_base_tool[:3, 3] = rotation, position
        lands = landing(heights, held, T_container_base @ T_base_tool @ held.T_tool_object)
        bottom, top = lands.lower.min(initial=np.inf) - lands.down, lands.upper.max(initial=-np.inf) - lands.down
        collision = bool(collides[row]) or lands.fall < -PRESSED
        known = bool(np.isfinite(lands.fall))  # else it is beside the container
        overflow = float(np.clip((top - depth) / max(top - bottom, 1e-3), 0.0, 1.0)) if known else 1.0
        within = known and bool((heights.inside[lands.cells] | ~np.isfinite(lands.lower)).all())
        values = {
            "collision": float(collision),
            "placement_depth": float(np.clip(1.0 - bottom / depth, 0.0, 1.0)) if within else 0.0,
            "volume_utilisation": _utilisation(heights, lands) if within else 0.0,
            "overflow": overflow if within else 1.0,
        }
        lies = within and top <= depth + ABOVE_RIM and lands.fall <= DROP and lands.rests_stably(heights)
        success[row] = lies and not collision
        values["stability"] = float(success[row])
        scores[row] = [values.get(name, np.nan) for name in names]
    return Labels(scores, success)


def _utilisation(heights: HeightMap, lands: Landing) -> float:
    """Return the share of the room up to the highest thing in the container that is filled, with the object in it.

    What is under the height map counts as filled; what stays free under the object does not.
    """
    before = np.where(heights.inside, np.maximum(heights.heights, 0.0), 0.0)
    there = np.isfinite(lands.lower)
    thick = np.where(there, lands.upper - lands.lower, 0.0)
    top = max(float(before.max()), float(lands.upper.max() - lands.down), PITCH)
    return float(np.clip((before.sum() + thick.sum()) / (heights.inside.sum() * top), 0.0, 1.0))

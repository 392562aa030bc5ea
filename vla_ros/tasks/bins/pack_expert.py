# SPDX-License-Identifier: Apache-2.0
"""The scripted expert of packing: what the expert of bins picks is put where a height map of the truth has room."""

from __future__ import annotations

import numpy as np

from vla_ros.objects.totes import DESTINATION
from vla_ros.policies.gam.analysis.placement import height_map, placements
from vla_ros.policies.gam.analysis.way_in import cylinders_with_fingers
from vla_ros.policies.gam.pick_motion import Pick, open_fingers
from vla_ros.sim.candidates.container import Container
from vla_ros.sim.candidates.container import height_map as true_heights
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.tasks.bins.contents import bin_totes
from vla_ros.tasks.bins.expert import PickExpert
from vla_ros.tasks.bins.scenes import as_it_lies, in_tote


class PackExpert(PickExpert):
    """Pick the best of many candidates, and put it down low and level; where there is no room it is kept."""

    def _placed(self, pick: Pick, still: StillScene, index: int, over: float, q: np.ndarray) -> Pick:
        size = bin_totes().size
        packed = StillScene.of(in_tote(as_it_lies(self.world), DESTINATION), empty=True)
        container = Container.of(packed, DESTINATION, size)
        seen = true_heights(packed, container)
        x, y = np.meshgrid(seen.x, seen.y, indexing="ij")
        points = np.column_stack([x[seen.inside], y[seen.inside], seen.heights[seen.inside]])
        held = (still.surfaces[index] - pick.T_base_tool[:3, 3]) @ pick.T_base_tool[:3, :3]
        T_base_tote = container.T_base_container
        T_tote_tool = np.linalg.inv(T_base_tote) @ pick.T_base_tool
        tool = self.picker.tool
        standing = cylinders_with_fingers(tool, *open_fingers(pick, tool))
        found = placements(held, T_tote_tool, height_map(points, size), size, standing)
        return self.picker.put_down(pick, (T_base_tote @ one.T_tote_tool for one in found), over, q)

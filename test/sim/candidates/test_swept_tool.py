# SPDX-License-Identifier: Apache-2.0
"""The swept tool against the tool of its URDF, put to many places on its way."""

import numpy as np
import pytest
from scene_making.objects_on_table import mixed_scene
from scene_making.stepped_tool import SteppedTool

from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_sampler import suction_candidates
from vla_ros.sim.candidates.swept_tool import APPROACH, SweptTool

STEPS = 26  # 4 mm


@pytest.mark.parametrize("name", ["seven_piston", "hybrid"])
def test_the_sweep_touches_what_the_tool_touches_on_its_way(name) -> None:
    tool, scene = load_tool(name), mixed_scene()
    still = StillScene.of(scene)
    candidates, _ = suction_candidates(still, tool, 120, np.random.default_rng(3))
    nothing = np.full(120, np.nan)
    swept = SweptTool(still, tool).touches(candidates.positions, candidates.rotations, nothing, nothing)
    cups = len(tool.cups)
    swept_body = swept.body.any(axis=1) | swept.elements[:, cups:].any(axis=(1, 2))
    swept_cups = swept.elements[:, :cups].any(axis=(1, 2))
    stepped = SteppedTool(scene, tool)
    bellows = tool.cups[0].bellows
    body, lips = np.zeros(120, bool), np.zeros(120, bool)
    for row, (position, rotation) in enumerate(zip(candidates.positions, candidates.rotations, strict=True)):
        for back in np.linspace(0.0, APPROACH, STEPS):
            body[row] |= stepped.touches(position - back * rotation[:, 2], rotation)[0]
            lips[row] |= stepped.touches(position - (back + bellows) * rotation[:, 2], rotation)[1]
    for here, there in ((swept_body, body), (swept_cups, lips)):
        assert 0.1 < there.mean() < 0.9  # or it would say nothing
        assert not (there & ~here).any()
        assert (here == there).mean() > 0.93

# SPDX-License-Identifier: Apache-2.0
"""The swept tool against the tool of its URDF, put to many places on its way."""

import mujoco
import numpy as np
import pytest
from objects_on_table import mixed_scene

from vla_ros.robots.tools.named import load_tool
from vla_ros.robots.tools.urdf import tool_urdf
from vla_ros.sim.candidates.still_scene import StillScene, placed_data, still_spec
from vla_ros.sim.candidates.suction_sampler import suction_candidates
from vla_ros.sim.candidates.swept_tool import APPROACH, SweptTool

STEPS = 26  # 4 mm


class SteppedTool:
    """The URDF's tool on a free joint in the scene."""

    def __init__(self, scene, tool) -> None:
        self.tool = tool
        spec = still_spec(scene, collide_only=True)
        for geom in spec.geoms:
            if geom.contype:
                geom.contype, geom.conaffinity = 0, 1
        urdf = mujoco.MjSpec.from_string(tool_urdf(tool))
        for geom in urdf.geoms:
            geom.contype, geom.conaffinity = int(bool(geom.contype)), 0
        carrier = spec.worldbody.add_body(name="carrier")
        carrier.add_freejoint()
        carrier.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[1e-3, 0, 0], contype=0, conaffinity=0)
        carrier.add_frame().attach_body(urdf.worldbody.first_body(), "urdf_", "")
        self.model = spec.compile()
        self.data = placed_data(self.model, scene)
        self.own = np.array([self.model.geom(g).contype[0] == 1 for g in range(self.model.ngeom)])
        self.address = self.model.jnt_qposadr[self.model.body("carrier").jntadr[0]]
        cups = [self.model.body(f"urdf_{cup.name}").id for cup in tool.cups]
        self.cup = np.isin(self.model.geom_bodyid, cups)
        for finger in tool.fingers:
            joint = self.model.joint(f"urdf_{finger.name}_joint")
            self.data.qpos[joint.qposadr[0]] = joint.range[1]

    def touches(self, position, rotation) -> tuple[bool, bool]:
        """Say whether the body or a finger, and whether a cup touches anything."""
        quaternion = np.empty(4)
        mujoco.mju_mat2Quat(quaternion, rotation.ravel())
        self.data.qpos[self.address : self.address + 3] = position - self.tool.height * rotation[:, 2]
        self.data.qpos[self.address + 3 : self.address + 7] = quaternion
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_collision(self.model, self.data)
        pairs = self.data.contact.geom[: self.data.ncon]
        own = pairs[self.own[pairs]]
        return bool((~self.cup[own]).any()), bool(self.cup[own].any())


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

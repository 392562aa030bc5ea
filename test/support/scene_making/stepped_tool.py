# SPDX-License-Identifier: Apache-2.0
"""A tool of its URDF on a free joint in a scene, put to places one after the other: the simulator's own contacts."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.robots.tools.description import Tool
from vla_ros.robots.tools.urdf import tool_urdf
from vla_ros.sim.candidates.still_scene import placed_data, still_spec
from vla_ros.sim.scenes.scene import Scene


class SteppedTool:
    """The URDF's tool on a free joint in the scene."""

    def __init__(self, scene: Scene, tool: Tool) -> None:
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
        self.set_fingers(0.0, 0.0)

    def set_fingers(self, way: float, depth: float) -> None:
        """Close every finger by `way` [m] from open, and take it out by `depth` [m]."""
        for finger in self.tool.fingers:
            joint = self.model.joint(f"urdf_{finger.name}_joint")
            self.data.qpos[joint.qposadr[0]] = joint.range[1] - way
            if finger.stroke > 0.0:
                self.data.qpos[self.model.joint(f"urdf_{finger.name}_piston").qposadr[0]] = depth

    def touches(self, position: np.ndarray, rotation: np.ndarray) -> tuple[bool, bool]:
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

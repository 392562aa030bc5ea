# SPDX-License-Identifier: Apache-2.0
"""Where the fingers of a gripper end, as the simulator feels them: what touches first when the hand leans."""

from __future__ import annotations

import itertools

import mujoco
import numpy as np

from vla_ros.sim.world import World


def finger_corners(world: World, gripper: str, opening: float | None = None) -> np.ndarray:
    """Return the corners (K, 3) [m] of the boxes that a gripper's fingers are felt as, in the tool's frame.

    Along y, in which the fingers close, they are where they stand `opening` [m] apart; None: where they stand now.
    """
    model, group = world.model, world.embodiment.gripper(gripper)
    T_ee_base = np.linalg.inv(world.tool_pose(group.arm))
    signs = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    corners = []
    for joint in group.joints:
        body = model.joint(joint).bodyid[0]
        felt = (model.geom_bodyid == body) & (model.geom_conaffinity > 0)
        stands = float(world.data.qpos[model.joint(joint).qposadr[0]])
        travel = 0.0 if opening is None else opening / len(group.joints) - stands
        shift = travel * world.data.xmat[body].reshape(3, 3) @ model.jnt_axis[model.joint(joint).id]
        for geom in np.flatnonzero(felt & (model.geom_type == mujoco.mjtGeom.mjGEOM_BOX)):
            R = world.data.geom_xmat[geom].reshape(3, 3)
            corners.append(signs * model.geom_size[geom] @ R.T + world.data.geom_xpos[geom] + shift)
    return np.vstack(corners) @ T_ee_base[:3, :3].T + T_ee_base[:3, 3]

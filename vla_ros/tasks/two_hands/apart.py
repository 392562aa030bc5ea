# SPDX-License-Identifier: Apache-2.0
"""Whether two arms keep a distance, link by link, in a state of the simulator."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.robots.groups import ArmGroup


class ArmsApart:
    """The colliding shapes of two arms, from their first joints to their fingers."""

    def __init__(self, model: mujoco.MjModel, first: ArmGroup, second: ArmGroup) -> None:
        """Find the shapes of both: geoms (G,) of each."""
        self._model = model
        self.first, self.second = _shapes(model, first), _shapes(model, second)

    def nearer_than(self, data: mujoco.MjData, distance: float) -> bool:
        """Say whether two of their shapes are nearer than `distance` [m]; kinematics must be up to date."""
        model, (first, second) = self._model, (self.first, self.second)
        between = np.linalg.norm(data.geom_xpos[first][:, None] - data.geom_xpos[second][None], axis=2)
        bound = between - model.geom_rbound[first][:, None] - model.geom_rbound[second][None]
        for i, j in zip(*np.nonzero(bound < distance), strict=True):
            if mujoco.mj_geomDistance(model, data, first[i], second[j], distance, None) < distance:
                return True
        return False


def _shapes(model: mujoco.MjModel, arm: ArmGroup) -> np.ndarray:
    """Return the geoms (G,) of an arm that collide with anything."""
    root = model.jnt_bodyid[model.joint(arm.joints[0]).id]
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    colliding = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    return np.nonzero(below[model.geom_bodyid] & colliding)[0]

# SPDX-License-Identifier: Apache-2.0
"""Whether an arm keeps a distance from the other and from what carries both, link by link, in a simulator's state."""

from __future__ import annotations

import mujoco
import numpy as np

from vla_ros.robots.groups import ArmGroup

APART = 0.020  # [m] between the arms: control keeps 15 mm, half of it on either side …
AHEAD_S = 0.25  # [s] … and the way of so long at the speed at which they near each other, within which it can stop
LOOKED_AT = 0.12  # [m] further apart they are no concern
NOISE = 5e-4  # [m] that is no approach
FOLDS = 2  # number of the joint from which on an arm may fold back onto what carries it


class ArmsApart:
    """The colliding shapes of an arm, and those of the robot that it must keep away from: the other arm, the torso."""

    def __init__(self, model: mujoco.MjModel, own: ArmGroup, other: ArmGroup, base: str) -> None:
        """`base` is the body that carries all of the robot."""
        self._model = model
        mine, self.other = _shapes(model, own.joints[0]), _shapes(model, other.joints[0])  # geoms (G,) of each
        # The first links always stand near what carries them.
        further, whole = _shapes(model, own.joints[FOLDS]), _below(model, model.body(base).id)
        torso = np.setdiff1d(whole, np.concatenate([mine, self.other]))
        self._pairs = ((mine, self.other), (further, torso))

    def gap(self, data: mujoco.MjData, most: float) -> float:
        """Return how far the arm is from the nearest of them [m], at most `most`; kinematics must be up to date."""
        model, least = self._model, most
        for first, second in self._pairs:
            between = np.linalg.norm(data.geom_xpos[first][:, None] - data.geom_xpos[second][None], axis=2)
            bound = between - model.geom_rbound[first][:, None] - model.geom_rbound[second][None]
            for i, j in zip(*np.nonzero(bound < least), strict=True):
                if bound[i, j] < least:
                    least = min(least, mujoco.mj_geomDistance(model, data, first[i], second[j], least, None))
        return least


def _shapes(model: mujoco.MjModel, joint: str) -> np.ndarray:
    """Return the geoms (G,) that a joint moves and that collide with anything."""
    return _below(model, model.jnt_bodyid[model.joint(joint).id])


def _below(model: mujoco.MjModel, root: int) -> np.ndarray:
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    colliding = (model.geom_contype != 0) | (model.geom_conaffinity != 0)
    return np.nonzero(below[model.geom_bodyid] & colliding)[0]


def too_fast(before: float, now: float, seconds: float) -> bool:
    """Say whether what was so far apart [m] some seconds before nears faster than control lets pass."""
    nearing = before - now
    return nearing > NOISE and now < APART + AHEAD_S * nearing / seconds

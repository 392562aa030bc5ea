# SPDX-License-Identifier: Apache-2.0
"""Rays along a cup's axis onto what stands in a simulated scene: what `seal` is asked about."""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np

from vla_ros.robots.suction.seal import inner_offsets, rim_offsets
from vla_ros.sim.surroundings import CLEAR_GROUP, VISUAL_GROUP

_OFFSETS = np.concatenate([rim_offsets(), inner_offsets()])  # (23, 2) in radii
_ABOVE = 0.01  # [m] of the lip, where rays begin: what a lip stands in counts as nearer than it
_REACH = 0.05  # [m] below the lip, where rays end: what is further is a miss
_NOT_OURS = 1  # the contact bit that everything but the robot has
_CLOTH_ROOM = 0.03  # [m] beside the rim within which a cloth's vertices lie that is under the lip


@dataclass(frozen=True)
class Surface:
    """What is under one lip."""

    distances: np.ndarray  # (23,) [m] from the lip's plane along its axis, rim first; infinite: nothing
    bodies: np.ndarray  # (23,) that were hit, -1 for none
    cloth: bool  # whether a cloth lies between

    @property
    def nearest(self) -> float:
        """Return the distance of what the lip would touch first [m]."""
        return float(self.distances.min())

    @property
    def body(self) -> int:
        """Return the body under the lip where all rays hit one; of several any."""
        return int(self.bodies[0])


NOTHING = Surface(np.full(len(_OFFSETS), np.inf), np.full(len(_OFFSETS), -1), cloth=False)


class LipRays:
    """Ask a scene's geometry: of each body what is drawn, and what collides where nothing is; never the robot's."""

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        self._model, self._data = model, data
        drawn = np.isin(model.geom_group, (VISUAL_GROUP, CLEAR_GROUP))
        collides = (model.geom_contype & _NOT_OURS) > 0
        has_drawn = np.isin(model.geom_bodyid, model.geom_bodyid[drawn])
        self._geoms = np.flatnonzero(drawn | (collides & ~has_drawn))
        planes = model.geom_type[self._geoms] == mujoco.mjtGeom.mjGEOM_PLANE
        self._planes = self._geoms[planes]
        self._solids = self._geoms[~planes]
        self._bound = model.geom_rbound[self._solids]
        # Views, for reading each attribute of MuJoCo's makes a new one.
        self._xpos, self._xmat, self._lips, self._turned = data.geom_xpos, data.geom_xmat, data.xpos, data.xmat
        self._kind, self._size, self._body = model.geom_type.tolist(), model.geom_size, model.geom_bodyid

    def cast(self, lip: int, radius: float, reach: float) -> Surface:
        """Return what is under the lip that is the body `lip`, of `radius` [m], as kinematics left it.

        Nothing where nothing can be within `reach` [m].
        """
        center, turned = self._lips[lip], self._turned[lip].reshape(3, 3)
        away = np.concatenate([
            np.linalg.norm(self._xpos[self._solids] - center, axis=1) - self._bound,
            np.einsum("gi,gi->g", center - self._xpos[self._planes], self._xmat[self._planes, 2::3]),
        ])  # fmt: skip
        if not (away < radius + reach).any():
            return NOTHING
        near = np.concatenate([self._solids, self._planes])[away < radius + _REACH]
        axis = np.ascontiguousarray(turned[:, 2])
        starts = center - _ABOVE * axis + radius * _OFFSETS @ turned[:, :2].T
        distance = np.array([self._hits(geom, starts, axis) for geom in near.tolist()]) - _ABOVE
        distance[(distance < -_ABOVE) | (distance > _REACH)] = np.inf  # below: MuJoCo's -1 of a miss
        first = distance.argmin(axis=0)
        nearest = distance[first, np.arange(len(_OFFSETS))]
        bodies = np.where(np.isfinite(nearest), self._body[near[first]], -1)
        return Surface(nearest, bodies, self._on_cloth(center, axis, radius))

    def _hits(self, geom: int, starts: np.ndarray, axis: np.ndarray) -> list[float]:
        """Return how far along each ray a geom is [m]; -1: it is not."""
        kind = self._kind[geom]
        if kind == mujoco.mjtGeom.mjGEOM_MESH:
            return [mujoco.mj_rayMesh(self._model, self._data, geom, start, axis) for start in starts]
        place, turned, size = self._xpos[geom], self._xmat[geom], self._size[geom]
        return [mujoco.mju_rayGeom(place, turned, size, start, axis, kind) for start in starts]

    def _on_cloth(self, center: np.ndarray, axis: np.ndarray, radius: float) -> bool:
        if not self._model.nflex:
            return False
        offset = self._data.flexvert_xpos - center
        along = offset @ axis
        across = np.linalg.norm(offset - along[:, None] * axis, axis=1)
        return bool(((across < radius + _CLOTH_ROOM) & (np.abs(along) < _ABOVE)).any())

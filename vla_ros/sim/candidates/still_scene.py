# SPDX-License-Identifier: Apache-2.0
"""A scene without a robot, as it stands: asked by rays what is where, never stepped.

Rays meet what is drawn, for that is what a camera sees and a lip lies on; collisions are MuJoCo's, between convex
shapes. Everything is in the scene's base frame. Shape legend: O objects, N rays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import mujoco
import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.geometry import surface_points
from vla_ros.objects.parts import Part
from vla_ros.sim.fixture_bodies import add_fixtures
from vla_ros.sim.grasping.solid_union import sample_surface
from vla_ros.sim.grasping.solids import Solid, body_solids
from vla_ros.sim.object_geoms import add_objects
from vla_ros.sim.scenes.scene import Scene, SurfaceTexture
from vla_ros.sim.scenes.textures import PAINT
from vla_ros.sim.surroundings import CLEAR_GROUP, VISUAL_GROUP, add_surroundings

NOT_AN_OBJECT = -1  # table, tote, floor, or nothing at all
FAR = 1000.0  # [m] from where parallel rays are cast: 100 mm before or behind, 100 mm aside, they are 10 µm off
_HIDDEN_GROUP = 5  # of walls, which stand nowhere in particular
_POINTS = 400  # of an object's surface, beside its corners


@dataclass(frozen=True, eq=False)
class StillScene:
    """What stands in a scene and where; objects are told by their index in `names`."""

    scene: Scene
    model: mujoco.MjModel
    data: mujoco.MjData
    names: tuple[str, ...]  # (O,) as in the scene
    masses: np.ndarray  # (O,) [kg]
    centers: np.ndarray  # (O, 3) [m] of mass
    geom_object: np.ndarray  # (ngeom,) index of the object that a geom is part of, or NOT_AN_OBJECT

    @classmethod
    def of(cls, scene: Scene, empty: bool = False) -> StillScene:
        """Build it. Raises ConfigError for a scene without objects, which may be `empty` where things are put down."""
        if not scene.objects and not empty:
            raise ConfigError(f"scene {scene.seed} has no rigid object: candidates need at least one")
        model = still_spec(scene).compile()
        data = placed_data(model, scene)
        names = tuple(placed.name for placed in scene.objects)
        bodies = np.array([model.body(name).id for name in names], int)
        index = np.full(model.nbody, NOT_AN_OBJECT)
        index[bodies] = np.arange(len(names))
        drawn = np.isin(model.geom_group, (VISUAL_GROUP, CLEAR_GROUP))
        invisible = np.isin(model.geom_bodyid, bodies) & ~np.isin(model.geom_bodyid, model.geom_bodyid[drawn])
        model.geom_group[invisible] = VISUAL_GROUP  # of what is not drawn at all rays meet what collides
        return cls(
            scene=scene,
            model=model,
            data=data,
            names=names,
            masses=model.body_mass[bodies].copy(),
            centers=data.xipos[bodies].copy(),
            geom_object=index[model.geom_bodyid],
        )

    def index(self, name: str) -> int:
        """Return an object's index. Raises ConfigError for a name that is none."""
        if name not in self.names:
            raise ConfigError(unknown_name("object", name, self.names))
        return self.names.index(name)

    def solids(self, index: int) -> tuple[Solid, ...]:
        """Return the convex solids by which an object collides."""
        return body_solids(self.model, self.data, self.model.body(self.names[index]).id)

    @cached_property
    def surfaces(self) -> tuple[np.ndarray, ...]:
        """Return points (P, 3) [m] all over the surface of each object, outermost corners included."""
        rng = np.random.default_rng(0)
        found = []
        for index, placed in enumerate(self.scene.objects):
            corners = surface_points(placed.model.parts)
            outermost = corners @ placed.T_base_object[:3, :3].T + placed.T_base_object[:3, 3]
            found.append(np.concatenate([sample_surface(self.solids(index), _POINTS, rng).points, outermost]))
        return tuple(found)

    @cached_property
    def burdens(self) -> np.ndarray:
        """Return (O,) [N] by how much what else stands here presses each object down, as it lies still."""
        model, data = self.model, mujoco.MjData(self.model)
        data.qpos[:] = self.data.qpos
        mujoco.mj_forward(model, data)
        pressed, wrench = np.zeros(len(self.names)), np.zeros(6)
        for number, contact in enumerate(data.contact):
            mujoco.mj_contactForce(model, data, number, wrench)
            upwards = float((contact.frame.reshape(3, 3).T @ wrench[:3])[2])  # on the second of the two
            for geom, force in ((contact.geom1, -upwards), (contact.geom2, upwards)):
                if (of := self.geom_object[geom]) != NOT_AN_OBJECT:
                    pressed[of] += max(-force, 0.0)
        return pressed

    def cast(
        self, through: np.ndarray, direction: np.ndarray, back: float = np.inf, objects_alone: bool = False
    ) -> Hits:
        """Cast parallel rays along a unit `direction` (3,) through points (N, 3), that begin `back` [m] before them.

        Distances [m] are from those points, negative where something is met before. `back` infinite: from far away.
        `objects_alone`: through table, floor and fixtures that do not move.
        """
        # Rays from one point are four times as fast as single ones; from far enough they are parallel.
        origin = through.mean(axis=0) - FAR * direction
        rays = through - origin
        length = np.linalg.norm(rays, axis=1)
        distance, geom, normal = self._multi_ray(origin, rays / length[:, None], not objects_alone)
        met = geom >= 0
        distance = np.where(met, distance - length, np.inf)
        objects = np.where(met, self.geom_object[geom], NOT_AN_OBJECT)
        for ray in np.flatnonzero(distance < -back):  # something stands before where it begins
            one, normal[ray] = np.empty(1, np.int32), 0.0
            start = through[ray] - back * direction
            found = mujoco.mj_ray(
                self.model, self.data, start, direction, _SEEN, not objects_alone, -1, one, normal[ray]
            )
            distance[ray] = found - back if found >= 0.0 else np.inf
            objects[ray] = self.geom_object[one[0]] if found >= 0.0 else NOT_AN_OBJECT
        # What is drawn may be open, and is then seen from behind.
        return Hits(distance, objects, np.where((normal @ direction > 0.0)[:, None], -normal, normal))

    def _multi_ray(
        self, origin: np.ndarray, rays: np.ndarray, still: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        count = len(rays)
        geom = np.empty(count, np.int32)
        distance, normal = np.empty(count), np.empty(3 * count)
        model, data, all_of_them = self.model, self.data, mujoco.mjMAXVAL
        mujoco.mj_multiRay(
            model, data, origin, rays.ravel(), _SEEN, still, -1, geom, distance, normal, count, all_of_them
        )
        return distance, geom, normal.reshape(count, 3)


@dataclass(frozen=True, eq=False)
class Hits:
    """What N rays meet first."""

    distance: np.ndarray  # (N,) [m], infinite where nothing
    objects: np.ndarray  # (N,) index of the object, or NOT_AN_OBJECT
    normal: np.ndarray  # (N, 3) against the ray


_SEEN = np.array([group in (VISUAL_GROUP, CLEAR_GROUP) for group in range(6)], np.uint8)


def still_spec(scene: Scene, collide_only: bool = False) -> mujoco.MjSpec:
    """Return table, floor, fixtures and objects without pictures, cameras and lamps; cloths are left out."""
    spec = mujoco.MjSpec()
    plain = _plain(scene, collide_only)
    add_surroundings(spec, plain, pedestal=False)
    for wall in ("scene/wall_x", "scene/wall_y"):
        spec.geom(wall).group = _HIDDEN_GROUP
    add_objects(spec, plain)
    add_fixtures(spec, plain)
    return spec


def placed_data(model: mujoco.MjModel, scene: Scene) -> mujoco.MjData:
    """Return data with everything where the scene says, forwarded."""
    data = mujoco.MjData(model)
    for fixture in scene.fixtures:
        for joint, value in fixture.start.items():
            data.qpos[model.joint(f"{fixture.name}/{joint}").qposadr[0]] = value
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    return data


def _plain(scene: Scene, collide_only: bool) -> Scene:
    """Return the scene in even colours and without cameras: a texture takes longer than all else."""

    def even(surface: SurfaceTexture) -> SurfaceTexture:
        return dataclasses.replace(surface, pattern=PAINT)

    def bare(parts: Sequence[Part]) -> tuple[Part, ...]:
        return tuple(dataclasses.replace(part, texture=None) for part in parts if part.collide or not collide_only)

    objects = tuple(
        dataclasses.replace(placed, model=dataclasses.replace(placed.model, parts=bare(placed.model.parts)))
        for placed in scene.objects
    )
    return dataclasses.replace(
        scene,
        table=dataclasses.replace(scene.table, surface=even(scene.table.surface)),
        floor=even(scene.floor),
        walls=(even(scene.walls[0]), even(scene.walls[1])),
        lights=(),
        cameras=(),
        mounted=(),
        objects=objects,
    )

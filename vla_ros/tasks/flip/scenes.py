# SPDX-License-Identifier: Apache-2.0
"""How a scene of flipping is drawn: one parcel, its label towards the robot, away from it or below."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.parcels import parcel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, check_set, load_sets
from vla_ros.tasks.flip.instructions import instruct

TASK = "flip"
SIDES_DRAWN = ("front", "back", "bottom")  # that bear the label when the parcel lies as it is placed
_LENGTH, _EDGE = (0.16, 0.24), (0.09, 0.12)  # [m] along y, between the hands; along x and z
_DENSITY = (120.0, 350.0)  # [kg/m³] with what is inside
_FRICTION = (0.5, 0.7)  # of cardboard on rubber and painted metal
_YAW = 0.15  # [rad] off the table's axes, either way
_ABOVE = 0.001  # [m] the table, from where it falls


def sample_flip(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Raises ConfigError for names it does not know."""
    sets = load_sets(TASK)
    check_set(sets, request.set_name)
    rng = scene_generator(request.stream, request.seed, "bodies")
    model = _choose(rng)
    words = instruct(model, request.stream, request.seed, request.wording)
    scene = compose(([], []), request, sets, lambda placed: words)
    T = _place(model, sets.scene, scene.table.height, request.robot, rng)
    placed = PlacedObject(model.name, model, T)
    return dataclasses.replace(scene, objects=(placed,), target=placed.name)


def _choose(rng: np.random.Generator) -> ObjectModel:
    side, color = str(rng.choice(SIDES_DRAWN)), str(rng.choice(list(color_ranges())))
    size = tuple(float(rng.uniform(*edges)) for edges in (_EDGE, _LENGTH, _EDGE))
    mass = float(rng.uniform(*_DENSITY) * np.prod(size))
    friction = float(rng.uniform(*_FRICTION))
    x, y, z = size
    return parcel(f"{color}_parcel", color, rng, (x, y, z), side, mass, friction)


def _place(model: ObjectModel, ranges: SceneRanges, table: float, robot: str, rng: np.random.Generator) -> np.ndarray:
    """Return where it lies (4, 4), its long edge about across the robot."""
    place, area = load_embodiment(robot).workplace, ranges.area
    x, y = np.asarray(area.center) + (rng.uniform(-0.5, 0.5, 2)) * area.extent
    origin = (0.0, 0.0, 0.0) if place is None else place.origin
    yaw = rng.uniform(-_YAW, _YAW)
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[:3, 3] = x + origin[0], y + origin[1], table + model.size[2] / 2 + _ABOVE
    return T

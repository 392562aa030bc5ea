# SPDX-License-Identifier: Apache-2.0
"""How a scene of hanging is drawn: a T-shirt flat on the table, its hem towards the robot, a hanger beyond."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.garments import t_shirt
from vla_ros.objects.hangers import hanger
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.placed import PlacedCloth, PlacedFixture
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneRanges, check_set, load_sets
from vla_ros.tasks.garments.words import instruct

TASK, HANGER = "hang", "hanger"
_SIZE, _SIZES = (0.26, 0.32), (1.0, 1.08)  # [m] of a T-shirt along x and y: both hands find room at its hem; of that
_YAW, _TURN = 0.10, 0.10  # [rad] of the garment off the table's axes, and of the hanger; either way
_ABOVE = 0.004  # [m] the table, from where it falls
_LENGTH = 0.52  # [m] of the bar between its posts: hands pass between them
_HEIGHT = (0.23, 0.27)  # [m] of the bar's axis above the table: a T-shirt that hangs by its middle is well above that
_BEYOND, _ASIDE = (0.06, 0.10), 0.015  # [m] of the bar from the garment's middle, away from the robot; to either side


def sample_hang(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Raises ConfigError for names it does not know."""
    sets = load_sets(TASK)
    check_set(sets, request.set_name)
    rng = scene_generator(request.stream, request.seed, "bodies")
    color, other = (str(one) for one in rng.choice(list(color_ranges()), 2, replace=False))
    length, width = (edge * float(rng.uniform(*_SIZES)) for edge in _SIZE)
    model = t_shirt(f"{color}_t_shirt", color, rng, (length, width), hangs=True)
    rack = hanger(HANGER, other, rng, _LENGTH, round(float(rng.uniform(*_HEIGHT)), 3))
    words = instruct(TASK, model, request.stream, request.seed, request.wording)
    scene = compose(([], []), request, sets, lambda placed: words)
    T_garment, T_hanger = _places(model, sets.scene, scene.table.height, request.robot, rng)
    return dataclasses.replace(
        scene,
        cloths=(PlacedCloth(model.name, model, T_garment),),
        fixtures=(PlacedFixture(HANGER, rack, T_hanger),),
    )


def _places(
    model: ClothModel, ranges: SceneRanges, table: float, robot: str, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return where the garment lies (4, 4), and where the hanger stands."""
    place, area = load_embodiment(robot).workplace, ranges.area
    origin = (0.0, 0.0) if place is None else place.origin[:2]
    middle = np.asarray(area.center) + rng.uniform(-0.5, 0.5, 2) * area.extent + origin
    T_garment = _turned(float(rng.uniform(-_YAW, _YAW)))
    T_garment[:3, 3] = *middle, table + model.thickness / 2 + _ABOVE
    T_hanger = _turned(float(rng.uniform(-_TURN, _TURN)))
    T_hanger[:3, 3] = middle[0] + rng.uniform(*_BEYOND), middle[1] + rng.uniform(-_ASIDE, _ASIDE), table
    return T_garment, T_hanger


def _turned(yaw: float) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    return T

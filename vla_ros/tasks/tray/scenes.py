# SPDX-License-Identifier: Apache-2.0
"""How a scene of carrying is drawn: a tray with things that stand on it, and a mat where it is to go."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.serving_trays import BOARD, HEIGHT, place_mat, serving_tray
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, check_set, load_sets
from vla_ros.tasks.placing.receptacles import floor_height
from vla_ros.tasks.tray.instructions import instruct

TASK, MAT = "tray", "mat"
STANDING = ("mug", "cup", "can", "jar")  # categories of what stands on it
_WIDTH, _LENGTH = (0.20, 0.23), (0.32, 0.36)  # [m] along x; along y, between the hands
_MASS, _FRICTION = (0.4, 0.8), (0.4, 0.6)  # [kg]; sliding
_YAW, _TURN = 0.10, 0.20  # [rad] off the table's axes; of the mat from the tray; either way
_SHIFT, _LEAST = (0.07, 0.09), 0.06  # [m] of the mat along x and y, either way; and in all, at least
_HANDS, _GAP = 0.085, 0.006  # [m] beside a handle that hands need above what stands there; between things
_ABOVE = 0.0015  # [m] the table: part of the mat may be below
_TRIES = 400


def sample_tray(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Its first object is the tray.

    Raises ConfigError for names it does not know.
    """
    sets = load_sets(TASK)
    check_set(sets, request.set_name)
    rng = scene_generator(request.stream, request.seed, "bodies")
    colors = tuple(str(color) for color in rng.choice(list(color_ranges()), 2, replace=False))
    size = float(rng.uniform(*_WIDTH)), float(rng.uniform(*_LENGTH))
    model = serving_tray(
        f"{colors[0]}_tray", colors[0], rng, size, float(rng.uniform(*_MASS)), float(rng.uniform(*_FRICTION))
    )
    words = instruct((colors[0], colors[1]), request.stream, request.seed, request.wording)
    scene = compose(([], []), request, sets, lambda placed: words)
    T_tray, T_mat = _places(sets.scene, scene.table.height, request.robot, rng)
    tray = PlacedObject(model.name, model, T_tray)
    mat = place_mat(MAT, colors[1], rng, (size[0] + 0.03, size[1] + 0.03))
    things = _things(sets.scene, request, model, T_tray, rng)
    return dataclasses.replace(
        scene, objects=(tray, *things), target=tray.name, fixtures=(PlacedFixture(MAT, mat, T_mat),)
    )


def _places(ranges: SceneRanges, table: float, robot: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return where the tray stands (4, 4), and the mat, on the table."""
    place, area = load_embodiment(robot).workplace, ranges.area
    origin = (0.0, 0.0) if place is None else place.origin[:2]
    middle = np.asarray(area.center) + rng.uniform(-0.5, 0.5, 2) * area.extent + origin
    for _ in range(_TRIES):
        shift = rng.uniform(-1.0, 1.0, 2) * _SHIFT
        if np.hypot(*shift) >= _LEAST:
            break
    yaw = rng.uniform(-_YAW, _YAW)
    T_tray, T_mat = np.eye(4), np.eye(4)
    T_tray[:3, :3] = Rotation.from_euler("z", yaw).as_matrix()
    T_mat[:3, :3] = Rotation.from_euler("z", yaw + rng.uniform(-_TURN, _TURN)).as_matrix()
    T_tray[:3, 3] = *(middle - shift / 2), table + _ABOVE + HEIGHT / 2
    T_mat[:3, 3] = *(middle + shift / 2), table
    return T_tray, T_mat


def _things(
    ranges: SceneRanges, request: SceneRequest, tray: ObjectModel, T_tray: np.ndarray, rng: np.random.Generator
) -> list[PlacedObject]:
    """Return things that stand on a tray, clear of its rim, of each other and of hands at its handles."""
    catalogue = load_catalogue()
    models = [model for model in catalogue.models("action", request.stream) if model.category in STANDING]
    room = np.array([tray.size[0] / 2 - BOARD, tray.size[1] / 2 - _HANDS])
    placed: list[PlacedObject] = []
    taken: list[tuple[np.ndarray, float]] = []
    for number in range(int(rng.integers(ranges.others[0], ranges.others[1] + 1))):
        model = catalogue.vary(models[int(rng.integers(len(models)))], rng)
        radius = float(np.linalg.norm(model.size[:2])) / 2 if model.category == "mug" else max(model.size[:2]) / 2
        for _ in range(_TRIES):
            at = rng.uniform(-1.0, 1.0, 2) * (room - radius)
            if all(np.linalg.norm(at - other) > radius + width + _GAP for other, width in taken):
                break
        else:
            continue
        taken.append((at, radius))
        T = np.eye(4)
        T[:3, :3] = Rotation.from_euler("z", rng.uniform(-np.pi, np.pi)).as_matrix()
        T[:3, 3] = *at, floor_height(tray) - model.bounds[0][2] + 0.001
        placed.append(PlacedObject(f"{model.color}_{model.category}_{number + 1}", model, T_tray @ T))
    return placed

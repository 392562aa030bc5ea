# SPDX-License-Identifier: Apache-2.0
"""How a scene of folding is drawn: one garment flat on the table, the edge that is folded over towards the robot."""

from __future__ import annotations

import dataclasses

import numpy as np

from vla_ros.objects.cloth import ClothModel
from vla_ros.objects.colors import color_ranges
from vla_ros.objects.garments import fold_in_half, shorts, t_shirt
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.placed import PlacedCloth
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import SceneRanges, check_set, load_sets
from vla_ros.tasks.garments.words import instruct

GARMENTS = {"T-shirt": (t_shirt, (0.26, 0.32)), "shorts": (shorts, (0.24, 0.27))}  # [m] along x and y of the cloth
_SIZES = (0.94, 1.04)  # of that
_YAW = 0.10  # [rad] off the table's axes, either way
_ABOVE = 0.004  # [m] the table, from where it falls
# A garment is drawn towards a robot whose arms hang where the far edge would be beyond them, in so many steps [m] at
# most: what little is left then they reach by leaning.
_STEP, _STEPS = 0.01, 5


def sample_fold(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Raises ConfigError for names it does not know."""
    sets = load_sets("fold")
    check_set(sets, request.set_name)
    rng = scene_generator(request.stream, request.seed, "bodies")
    model = _choose(rng)
    words = instruct("fold", model, request.stream, request.seed, request.wording)
    scene = compose(([], []), request, sets, lambda placed: words)
    T = _place(model, sets.scene, scene.table.height, request.robot, rng)
    return dataclasses.replace(scene, cloths=(PlacedCloth(model.name, model, T),))


def _choose(rng: np.random.Generator) -> ClothModel:
    category = str(rng.choice(list(GARMENTS)))
    make, size = GARMENTS[category]
    color = str(rng.choice(list(color_ranges())))
    length, width = (edge * float(rng.uniform(*_SIZES)) for edge in size)
    return make(f"{color}_{category}".lower().replace("-", "_"), color, rng, (length, width))


def _place(model: ClothModel, ranges: SceneRanges, table: float, robot: str, rng: np.random.Generator) -> np.ndarray:
    """Return where it lies (4, 4): a T-shirt with its hem towards the robot, shorts with their waist to either side."""
    place, area = load_embodiment(robot).workplace, ranges.area
    x, y = np.asarray(area.center) + (rng.uniform(-0.5, 0.5, 2)) * area.extent
    origin = (0.0, 0.0, 0.0) if place is None else place.origin
    side = rng.choice((-1.0, 1.0))
    quarter = 0.0 if fold_in_half(model).along == 0 else side * np.pi / 2
    yaw = quarter + rng.uniform(-_YAW, _YAW)
    T = np.eye(4)
    T[:2, :2] = [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    T[:3, 3] = x + origin[0], y + origin[1], table + model.thickness / 2 + _ABOVE
    for _ in range(_STEPS):
        if _in_reach(model, T, robot):
            break
        T[0, 3] -= _STEP
    return T


def _in_reach(model: ClothModel, T_base_cloth: np.ndarray, robot: str) -> bool:
    """Say whether arms that hang from above get to the far end of the edges that meet, each on its side."""
    edges = model.flat[np.array(fold_in_half(model).edges).ravel()]  # (E, 2)
    points = edges @ T_base_cloth[:2, :2].T + T_base_cloth[:2, 3]
    for arm in load_embodiment(robot).arms:
        reach = arm.reach
        if reach is None or not reach.hangs:
            continue
        own = points[points[:, 1] * reach.axis[1] >= 0.0]
        distances = np.linalg.norm(own - reach.axis, axis=1)
        if len(own) and not reach.contains(float(distances.max()), float(T_base_cloth[2, 3])):
            return False
    return True

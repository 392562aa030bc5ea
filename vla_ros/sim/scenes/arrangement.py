# SPDX-License-Identifier: Apache-2.0
"""Standing objects on the table: apart from each other, in reach, in view of every camera, with room for the hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_ros.objects.geometry import polygon_gap
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.footprint import Obstacle, Placement, random_placement
from vla_ros.sim.scenes.scene import SceneCamera
from vla_ros.sim.scenes.scene_robot import SceneRobot
from vla_ros.sim.scenes.sets import Area
from vla_ros.sim.scenes.visibility import inside_image, visible_share

_TARGET_GAP = 0.035  # [m] free around the target: a finger and its error
_OTHER_GAP = 0.012  # [m] between others
_TARGET_VISIBLE = 0.6  # share of the target that each camera must see past the other objects


@dataclass(frozen=True, eq=False)
class Ground:
    """What objects are placed on, who looks at them and who is to take them."""

    area: Area
    table_height: float  # [m]
    cameras: tuple[SceneCamera, ...]
    robot: SceneRobot
    obstacles: tuple[Obstacle, ...] = ()  # where no object stands
    others_visible: float = 0.3  # share of every object but the target that each camera must see


def place_target(model: ObjectModel, ground: Ground, rng: np.random.Generator, tries: int = 80) -> Placement | None:
    """Find a place for the target, or None."""
    for _ in range(tries):
        candidate = _draw(model, ground, rng)
        if _seen_and_reached(candidate, ground):
            return candidate
    return None


def place_beside(
    models: Sequence[ObjectModel],
    placed: Sequence[Placement],
    ground: Ground,
    rng: np.random.Generator,
    tries: int = 40,
    roomy: int = 1,
) -> list[Placement] | None:
    """Find places for further objects beside those that stand already (the target first), or None.

    `roomy`: how many of the first have as much room around them as the target, and are in reach of one hand with it.
    """
    standing = list(placed)
    for model in models:
        for _ in range(tries):
            candidate = _draw(model, ground, rng)
            if _fits(candidate, standing, ground, roomy):
                standing.append(candidate)
                break
        else:
            return None
    return standing


def _draw(model: ObjectModel, ground: Ground, rng: np.random.Generator) -> Placement:
    return random_placement(model, ground.area.center, ground.area.extent, ground.table_height, rng)


def _seen_and_reached(candidate: Placement, ground: Ground) -> bool:
    if not ground.robot.reaches(candidate, ground.table_height):
        return False
    if any(polygon_gap(candidate.polygon, obstacle.polygon) < _TARGET_GAP for obstacle in ground.obstacles):
        return False
    tall = [obstacle for obstacle in ground.obstacles if obstacle.top > ground.table_height]
    for camera in ground.cameras if tall else ():
        if visible_share(camera, candidate, tall, ground.table_height) < _TARGET_VISIBLE:
            return False
    return all(inside_image(camera, candidate.points) for camera in ground.cameras)


def _fits(candidate: Placement, standing: list[Placement], ground: Ground, roomy: int) -> bool:
    target = standing[0]
    if any(polygon_gap(candidate.polygon, lead.polygon) < _TARGET_GAP for lead in standing[:roomy]):
        return False
    if any(polygon_gap(candidate.polygon, other.polygon) < _OTHER_GAP for other in standing[roomy:]):
        return False
    if not _seen_and_reached(candidate, ground):
        return False
    scene = [*standing, candidate]
    if len(scene) <= roomy and not ground.robot.reaches_together(scene, ground.table_height):
        return False
    if not ground.robot.fits(target, scene[1:], ground.table_height):
        return False
    for camera in ground.cameras:
        for index, placement in enumerate(scene):
            others = [other for other in scene if other is not placement]
            needed = ground.others_visible if index else _TARGET_VISIBLE
            if visible_share(camera, placement, others, ground.table_height) < needed:
                return False
    return True

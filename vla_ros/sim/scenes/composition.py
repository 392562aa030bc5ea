# SPDX-License-Identifier: Apache-2.0
"""A scene around objects that a task has chosen: where they stand, what it looks like, who sees it.

Each aspect has its own random numbers.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import Embodiment, load_embodiment
from vla_ros.sim.scenes.arrangement import Ground, place_beside, place_target
from vla_ros.sim.scenes.cameras import sample_cameras, sample_mounts
from vla_ros.sim.scenes.footprint import Obstacle, Placement
from vla_ros.sim.scenes.lights import sample_lights
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import MountedCamera, PlacedObject, Scene, SceneCamera, Table
from vla_ros.sim.scenes.scene_robot import SceneRobot, scene_robot
from vla_ros.sim.scenes.sets import SceneRanges, SceneSets, check_set
from vla_ros.sim.scenes.surfaces import sample_surface
from vla_ros.sim.scenes.target_query import part_of

_TABLE_CENTER, _TABLE_EXTENT, _TABLE_THICKNESS = (0.62, 0.0), (0.84, 1.20), 0.04  # [m]; the robot's base ends at 0.09
_FLOOR = -0.80  # [m]
_ATTEMPTS = 200

# A scene's first objects, the target leading; the set's extra ones.
ChosenObjects = tuple[list[ObjectModel], list[ObjectModel]]
# Fixtures, and where no object may stand because of them.
Furniture = tuple[tuple[PlacedFixture, ...], tuple[Obstacle, ...]]


class NoRoomError(ConfigError):
    """The objects of a scene do not find room on its table."""


def compose(
    chosen: ChosenObjects,
    request: SceneRequest,
    sets: SceneSets,
    instruct: Callable[[tuple[PlacedObject, ...]], str],
    roomy: int = 1,
    furnish: Callable[[float], Furniture] = lambda height: ((), ()),
    robot: SceneRobot | None = None,
    fits: Callable[[tuple[PlacedObject, ...]], bool] = lambda placed: True,
    attempts: int = _ATTEMPTS,
) -> Scene:
    """Return the scene of the chosen objects, or of none. `instruct` says what is requested of them as they stand.

    `roomy`: how many of the first objects have a hand's room around them. `furnish` says what stands on the table
    already, whose top is at a height [m]. `robot`: who is to take them, where a task asks something else of the
    request's robot than that one hand reaches all. `fits`: whether they may stand so; `attempts`: how often they are
    placed until they do.
    Raises ConfigError for names it does not know, NoRoomError where there is no room for the objects.
    """
    ranges, stream, seed = sets.scene, request.stream, request.seed
    changes = check_set(sets, request.set_name, stream)
    embodiment = load_embodiment(request.robot)
    place = embodiment.workplace
    highest = ranges.table_height[1]
    if changes.above is None:
        low, high = ranges.table_height
    else:
        low, high = highest + changes.above[0], highest + changes.above[1]
    height = float(scene_generator(stream, seed, "table").uniform(low, high))
    if place is not None:
        height = place.table_height(height, *ranges.table_height)
    height += changes.raise_table
    fixtures, obstacles = furnish(height)
    acting = scene_robot(request.robot) if robot is None else robot
    ground = Ground(ranges.area, height, (), acting, obstacles, changes.others_visible)
    standing, placements = _arrange(chosen, request, ranges, ground, roomy, fits, attempts)
    seen_by, mounted = _chosen_cameras(standing, ranges, request, embodiment)
    rng = scene_generator(stream, seed, "surfaces")
    surfaces = [sample_surface(changes.surfaces, rng, wall) for wall in (False, True, True, True)]
    lights, ambient = sample_lights(changes.lights, scene_generator(stream, seed, "lights"), stream)
    placed = _name(placements)
    if changes.opacity is not None:
        clear = scene_generator(stream, seed, "opacity")
        placed = tuple(one.of_glass(float(clear.uniform(*changes.opacity))) for one in placed)
    scene = Scene(
        seed=seed,
        stream=stream,
        set_name=request.set_name,
        table=Table(
            height, _TABLE_CENTER, _TABLE_EXTENT, _TABLE_THICKNESS, surfaces[0], float(rng.uniform(0.35, 0.55))
        ),
        floor_height=_FLOOR,
        floor=surfaces[3],
        walls=(surfaces[1], surfaces[2]),
        lights=lights,
        ambient=ambient,
        cameras=seen_by,
        objects=placed,
        target=placed[0].name if placed else "",
        instruction=instruct(placed),
        arm_start=_arm_start(request, embodiment),
        mounted=mounted,
        fixtures=fixtures,
    )
    return scene if place is None else scene.put_down(place.origin, place.floor)


def _arrange(
    chosen: ChosenObjects,
    request: SceneRequest,
    ranges: SceneRanges,
    ground: Ground,
    roomy: int,
    fits: Callable[[tuple[PlacedObject, ...]], bool],
    attempts: int,
) -> tuple[tuple[SceneCamera, ...], list[Placement]]:
    """Find cameras and places that go together; a few places are tried before the cameras move.

    `ground` has no cameras yet.
    """
    stream, seed, target_area = request.stream, request.seed, part_of(ranges.area, request.place)
    if not any(chosen):
        return sample_cameras(ranges, scene_generator(stream, seed, "cameras", 0)), []
    (target, *others), extra = chosen
    for attempt in range(attempts):
        cameras = sample_cameras(ranges, scene_generator(stream, seed, "cameras", attempt // 8))
        ground = dataclasses.replace(ground, cameras=cameras)
        rng = scene_generator(stream, seed, "places", attempt)
        first = place_target(target, dataclasses.replace(ground, area=target_area), rng)
        standing = None if first is None else place_beside(others, [first], ground, rng, roomy=roomy)
        if standing is not None and extra:
            standing = place_beside(extra, standing, ground, rng, roomy=roomy)
        if standing is not None and fits(_name(standing)):
            return cameras, standing
    names = ", ".join(model.name for model in (target, *others, *extra))
    raise NoRoomError(f"scene {seed}: no room on the table for {names}: use smaller or fewer objects")


def _chosen_cameras(
    standing: tuple[SceneCamera, ...], ranges: SceneRanges, request: SceneRequest, robot: Embodiment
) -> tuple[tuple[SceneCamera, ...], tuple[MountedCamera, ...]]:
    """Return the cameras that are requested, in the order of the asking; all that stand where none is."""
    names = request.cameras
    if not names:
        return standing, ()
    rng = scene_generator(request.stream, request.seed, "mounts")
    mounted = {camera.name: camera for camera in sample_mounts(ranges, robot, rng)}
    fixed = {camera.name: camera for camera in standing}
    for name in names:
        if name not in fixed and name not in mounted:
            raise ConfigError(unknown_name("camera", name, [*fixed, *mounted]))
    chosen = tuple(dict.fromkeys(names))
    return tuple(fixed[n] for n in chosen if n in fixed), tuple(mounted[n] for n in chosen if n in mounted)


def _name(placements: list[Placement]) -> tuple[PlacedObject, ...]:
    """Name objects by colour and category; a second of the same kind gets a number."""
    placed: list[PlacedObject] = []
    for placement in placements:
        base = f"{placement.model.color}_{placement.model.category}".replace(" ", "_")
        taken = sum(other.name == base or other.name.startswith(f"{base}_") for other in placed)
        placed.append(PlacedObject(f"{base}_{taken + 1}" if taken else base, placement.model, placement.T_base_object))
    return tuple(placed)


def _arm_start(request: SceneRequest, embodiment: Embodiment) -> tuple[float, ...] | None:
    start = embodiment.only_arm.start if len(embodiment.arms) == 1 else None
    if request.stream == "evaluation" or start is None:
        return None
    center, spread = np.asarray(start.center), np.asarray(start.spread)
    drawn = scene_generator(request.stream, request.seed, "arm").uniform(-1, 1, len(center))
    return tuple(float(q) for q in center + spread * drawn)

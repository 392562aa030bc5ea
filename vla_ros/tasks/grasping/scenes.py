# SPDX-License-Identifier: Apache-2.0
"""How a scene of grasping is drawn, aspect by aspect, each from its own random numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.sim.scenes.arrangement import Ground, place_beside, place_target
from vla_ros.sim.scenes.cameras import sample_cameras, sample_mounts
from vla_ros.sim.scenes.footprint import Placement
from vla_ros.sim.scenes.gripper_room import scene_robot
from vla_ros.sim.scenes.lights import sample_lights
from vla_ros.sim.scenes.objects import choose_extra, choose_other
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import MountedCamera, PlacedObject, Scene, SceneCamera, Table
from vla_ros.sim.scenes.sets import Area, SceneRanges, SceneSet
from vla_ros.sim.scenes.surfaces import sample_surface
from vla_ros.sim.scenes.wishes import choose_target, part_of
from vla_ros.tasks.grasping.instructions import instruct
from vla_ros.tasks.grasping.sets import grasp_set, grasp_sets

_TABLE_CENTER, _TABLE_EXTENT, _TABLE_THICKNESS = (0.62, 0.0), (0.84, 1.20), 0.04  # [m]; the robot's base ends at 0.09
_FLOOR = -0.80  # [m]
_ATTEMPTS = 200


def sample_scene(
    set_name: str = "basic",
    seed: int = 0,
    stream: str = "evaluation",
    categories: str = "seen",
    objects: str | Path | Catalogue | None = None,
    wording: str | None = None,
    target: str = "",
    place: str = "",
    cameras: Sequence[str] = (),
    robot: str = DEFAULT_ROBOT,
) -> Scene:
    """Draw a scene: a pure function of its arguments.

    `stream` is evaluation or generation: two families of random numbers that share nothing, whatever the seeds.
    `wording` is a family of config/tasks/wording.yaml and changes the instruction alone; None: common for evaluation,
    training for generation, which may not have the unseen one. `target` is what is asked for, "red mug" for instance,
    and `place` where it stands, "near left" for instance (wishes.py); "": whatever the seed draws. `cameras` are those
    it is seen by, of config/tasks/grasping_sets.yaml, those on the robot included; (): all that stand. They change
    nothing else: objects stand where all standing cameras see them, whichever are there. `robot` is the name or file
    of the one that is to take the target: what it cannot reach or grip is not asked of it.
    Raises ConfigError for names it does not know.
    """
    changes, ranges = grasp_set(set_name), grasp_sets().scene
    catalogue = objects if isinstance(objects, Catalogue) else load_catalogue(objects)
    models = catalogue.models(categories)
    height = float(scene_generator(stream, seed, "table").uniform(*ranges.table_height)) + changes.raise_table
    chosen = _choose(models, target, changes, ranges, catalogue, stream, seed, robot)
    standing, placements = _arrange(chosen, part_of(ranges.area, place), ranges, height, stream, seed, robot)
    seen_by, mounted = _chosen_cameras(standing, ranges, stream, seed, cameras, _tool_frame(robot))
    rng = scene_generator(stream, seed, "surfaces")
    surfaces = [sample_surface(changes.surfaces, rng, wall) for wall in (False, True, True, True)]
    lights, ambient = sample_lights(changes.lights, scene_generator(stream, seed, "lights"))
    placed = _name(placements)
    return Scene(
        seed=seed,
        stream=stream,
        set_name=set_name,
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
        target=placed[0].name,
        instruction=instruct(placed, catalogue, stream, seed, wording),
        arm_start=_arm_start(robot, stream, seed),
        mounted=mounted,
    )


def _choose(
    models: tuple[ObjectModel, ...],
    wanted: str,
    changes: SceneSet,
    ranges: SceneRanges,
    catalogue: Catalogue,
    stream: str,
    seed: int,
    robot: str,
) -> tuple[list[ObjectModel], list[ObjectModel]]:
    """Return the scene's first objects, the target leading, and the set's extra ones."""
    rng = scene_generator(stream, seed, "objects")
    graspable = _graspable(models, catalogue, robot)
    target = choose_target(wanted, graspable, catalogue, rng)
    count = int(rng.integers(ranges.others[0], ranges.others[1] + 1))
    others = [kind for kind in (choose_other(models, target, catalogue, rng) for _ in range(count)) if kind]
    more = scene_generator(stream, seed, "extra")
    extra = choose_extra(models, target, changes.extra, changes.extra_alike, catalogue, more)
    first = [catalogue.vary(kind.model, rng, kind.color) for kind in (target, *others)]
    return first, [catalogue.vary(kind.model, more, kind.color) for kind in extra]


def _graspable(models: tuple[ObjectModel, ...], catalogue: Catalogue, robot: str) -> tuple[ObjectModel, ...]:
    """Return what may be a target, of a user's objects in those poses alone in which a gripper can take them."""
    possible = tuple(model for model in models if model.graspable)
    if catalogue.procedural:  # of which a test asks for grasps in every pose
        return possible
    from vla_ros.sim.grasping.takeable import grasps_at_rest  # which builds objects as scenes do

    targets = []
    for model in possible:
        poses = [pose for pose, found in zip(model.resting, grasps_at_rest(model, robot), strict=True) if found.count]
        if len(poses) == len(model.resting):
            targets.append(model)
        elif poses:
            targets.append(dataclasses.replace(model, resting=tuple(poses)))
    if not targets:
        opening = 100.0 * load_embodiment(robot).only_gripper.width_max
        raise ConfigError(
            f"no object of the folder fits a gripper of {opening:g} cm as it lies: `vla objects check` says which "
            "poses offer grasps; set a smaller scale, other resting poses, or add an object that fits"
        )
    return tuple(targets)


def _arrange(
    chosen: tuple[list[ObjectModel], list[ObjectModel]],
    target_area: Area,
    ranges: SceneRanges,
    height: float,
    stream: str,
    seed: int,
    robot: str,
) -> tuple[tuple[SceneCamera, ...], list[Placement]]:
    """Find cameras and places that go together; a few places are tried before the cameras move."""
    (target, *others), extra = chosen
    for attempt in range(_ATTEMPTS):
        cameras = sample_cameras(ranges, scene_generator(stream, seed, "cameras", attempt // 8))
        ground = Ground(ranges.area, height, cameras, scene_robot(robot))
        rng = scene_generator(stream, seed, "places", attempt)
        first = place_target(target, dataclasses.replace(ground, area=target_area), rng)
        standing = None if first is None else place_beside(others, [first], ground, rng)
        if standing is not None and extra:
            standing = place_beside(extra, standing, ground, rng)
        if standing is not None:
            return cameras, standing
    names = ", ".join(model.name for model in (target, *others, *extra))
    raise ConfigError(f"scene {seed}: no room on the table for {names}: use smaller or fewer objects")


def _chosen_cameras(
    standing: tuple[SceneCamera, ...],
    ranges: SceneRanges,
    stream: str,
    seed: int,
    names: Sequence[str],
    tool_frame: str,
) -> tuple[tuple[SceneCamera, ...], tuple[MountedCamera, ...]]:
    """Return the cameras that are asked for, in the order of the asking; all that stand where none is."""
    if not names:
        return standing, ()
    rng = scene_generator(stream, seed, "mounts")
    mounted = {camera.name: camera for camera in sample_mounts(ranges, tool_frame, rng)}
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


def _tool_frame(robot: str) -> str:
    """Return the frame in which mounts of cameras are given that name no body; "" of a robot with several arms."""
    embodiment = load_embodiment(robot)
    return embodiment.only_arm.tool_frame if len(embodiment.arms) == 1 else ""


def _arm_start(robot: str, stream: str, seed: int) -> tuple[float, ...] | None:
    embodiment = load_embodiment(robot)
    start = embodiment.only_arm.start if len(embodiment.arms) == 1 else None
    if stream == "evaluation" or start is None:
        return None
    center, spread = np.asarray(start.center), np.asarray(start.spread)
    return tuple(float(q) for q in center + spread * scene_generator(stream, seed, "arm").uniform(-1, 1, len(center)))

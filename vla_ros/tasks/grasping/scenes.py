# SPDX-License-Identifier: Apache-2.0
"""How a scene of grasping is drawn, aspect by aspect, each from its own random numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.names import DEFAULT_ROBOT
from vla_ros.sim.scenes.composition import ChosenObjects, compose
from vla_ros.sim.scenes.objects import choose_extra, choose_other
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet
from vla_ros.sim.scenes.target_query import choose_target, part_of
from vla_ros.tasks.grasping.instructions import instruct
from vla_ros.tasks.grasping.sets import grasp_set, grasp_sets


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
    and `place` where it stands, "near left" for instance (target_query); "": what the seed draws. `cameras` are those
    it is seen by, of config/tasks/grasping_sets.yaml, those on the robot included; (): all that stand. They change
    nothing else: objects stand where all standing cameras see them, whichever are there. `robot` is the name or file
    of the one that is to take the target: what it cannot reach or grip is not asked of it.
    Raises ConfigError for names it does not know.
    """
    changes, ranges = grasp_set(set_name), grasp_sets().scene
    catalogue = objects if isinstance(objects, Catalogue) else load_catalogue(objects)
    models = catalogue.models(categories)
    chosen = _choose(models, target, changes, ranges, catalogue, stream, seed, robot)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed, catalogue, stream, seed, wording)

    area = part_of(ranges.area, place)
    return compose(chosen, set_name, changes, ranges, stream, seed, asked, area, cameras, robot)


def _choose(
    models: tuple[ObjectModel, ...],
    wanted: str,
    changes: SceneSet,
    ranges: SceneRanges,
    catalogue: Catalogue,
    stream: str,
    seed: int,
    robot: str,
) -> ChosenObjects:
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

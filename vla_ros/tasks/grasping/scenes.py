# SPDX-License-Identifier: Apache-2.0
"""How a scene of grasping is drawn, aspect by aspect, each from its own random numbers."""

from __future__ import annotations

import dataclasses

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import ChosenObjects, compose
from vla_ros.sim.scenes.objects import choose_extra, choose_other
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet, check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.tasks.grasping.absent_scenes import sample_absent_scene
from vla_ros.tasks.grasping.dense_scenes import sample_dense_scene
from vla_ros.tasks.grasping.instructions import instruct
from vla_ros.tasks.grasping.noun_scenes import sample_noun_scene
from vla_ros.tasks.grasping.relation_scenes import sample_relation_scene

# What a set may ask for, if not for an object that its colour and noun mean alone.
ASKS = {
    "noun": sample_noun_scene,
    "relation": sample_relation_scene,
    "absent": sample_absent_scene,
    "densest": sample_dense_scene,
}


def sample_scene(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Raises ConfigError for names it does not know."""
    sets, objects = load_sets("grasping"), request.objects
    changes = check_set(sets, request.set_name, request.stream)
    catalogue = objects if isinstance(objects, Catalogue) else load_catalogue(objects)
    models = catalogue.models(request.categories, request.stream)
    graspable = _graspable(models, catalogue, request.robot)
    if changes.asks:
        if changes.asks not in ASKS:
            raise ConfigError(f"set '{request.set_name}': {unknown_name('asks', changes.asks, ASKS)}")
        return ASKS[changes.asks](request, sets, models, graspable, catalogue)
    chosen = _choose(request, changes, sets.scene, models, graspable, catalogue)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed, catalogue, request.stream, request.seed, request.wording)

    return compose(chosen, request, sets, asked)


def _choose(
    request: SceneRequest,
    changes: SceneSet,
    ranges: SceneRanges,
    models: tuple[ObjectModel, ...],
    graspable: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> ChosenObjects:
    """Return the scene's first objects, the target leading, and the set's extra ones."""
    rng = scene_generator(request.stream, request.seed, "objects")
    target = choose_target(request.target, graspable, catalogue, rng, wishes(request, catalogue))
    count = int(rng.integers(ranges.others[0], ranges.others[1] + 1))
    others = [kind for kind in (choose_other(models, target, catalogue, rng) for _ in range(count)) if kind]
    more = scene_generator(request.stream, request.seed, "extra")
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
        opening = 100.0 * load_embodiment(robot).widest_gripper.width_max
        raise ConfigError(
            f"no object of the folder fits a gripper of {opening:g} cm as it lies: `vla objects check` says which "
            "poses offer grasps; set a smaller scale, other resting poses, more friction, or add an object that fits"
        )
    return tuple(targets)

# SPDX-License-Identifier: Apache-2.0
"""How a scene of placing is drawn: an object, a receptacle that it fits, others that neither description can mean."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.lying_size import lying_size, lying_sizes
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.composition import ChosenObjects, compose
from vla_ros.sim.scenes.objects import Kind, choose_extra, choose_kind, choose_other, same_name
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet, check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.tasks.placing.instructions import instruct
from vla_ros.tasks.placing.receptacles import HOLLOW, has_room

_TRIES = 60


def sample_placing(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request, whose `target` is what is to be put. Its second object is the goal.

    Raises ConfigError for names it does not know.
    """
    catalogue, sets = load_catalogue(), load_sets("placing")
    chosen = _choose(request, check_set(sets, request.set_name, request.stream), sets.scene, catalogue)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed[0], placed[1], catalogue, request.stream, request.seed, request.wording)

    scene = compose(chosen, request, sets, asked, roomy=2)
    return dataclasses.replace(scene, goal=scene.objects[1].name)


@cache
def _receptacles(stream: str) -> tuple[ObjectModel, ...]:
    """Return everything that a scene's goal may be: made to be put into, or hollow."""
    catalogue = load_catalogue()
    hollow = (model for model in catalogue.models("action", stream) if model.category in HOLLOW)
    return (*catalogue.receptacles, *hollow)


@cache
def _fitting(stream: str, half: str) -> dict[str, tuple[ObjectModel, ...]]:
    """Return which receptacles of a stream have room for each object of the catalogue, by the object's name.

    `half`: objects of this stream; "": of both.
    """
    models, goals = load_catalogue().models("all", half), _receptacles(stream)
    return {
        model.name: tuple(goal for goal in goals if has_room(goal, size))
        for model, size in zip(models, lying_sizes(models), strict=True)
    }


def _choose(request: SceneRequest, changes: SceneSet, ranges: SceneRanges, catalogue: Catalogue) -> ChosenObjects:
    rng = scene_generator(request.stream, request.seed, "objects")
    models = catalogue.models(request.categories, request.stream)
    wished = wishes(request, catalogue)
    fitting = _fitting(request.stream, "" if wished else request.stream)
    possible, more_possible = (
        tuple(model for model in some if model.graspable and fitting[model.name]) for some in (models, wished)
    )
    target = choose_target(request.target, possible, catalogue, rng, more_possible)
    goal = _choose_goal(target, fitting[target.model.name], catalogue, rng)
    count = int(rng.integers(ranges.others[0], ranges.others[1] + 1))
    drawn = (choose_other(models, target, catalogue, rng) for _ in range(count))
    others = [kind for kind in drawn if kind and not same_name(kind, goal)]
    more = scene_generator(request.stream, request.seed, "extra")
    extra = choose_extra(models, target, changes.extra, changes.extra_alike, catalogue, more)
    extra = [kind for kind in extra if not same_name(kind, goal)]
    first = [catalogue.vary(kind.model, rng, kind.color) for kind in (target, goal, *others)]
    for _ in range(_TRIES):
        if has_room(first[1], lying_size(first[0])):
            break  # else copies have come out too large and too small
        first[:2] = [catalogue.vary(kind.model, rng, kind.color) for kind in (target, goal)]
    return first, [catalogue.vary(kind.model, more, kind.color) for kind in extra]


def _choose_goal(target: Kind, goals: tuple[ObjectModel, ...], catalogue: Catalogue, rng: np.random.Generator) -> Kind:
    """Draw a receptacle that has room for the target and that no description could mean with it."""
    for _ in range(_TRIES):
        goal = choose_kind(goals, catalogue, rng)
        if not same_name(goal, target):
            return goal
    raise ConfigError(f"target '{target.color} {target.category}': no receptacle differs from it and has room for it")

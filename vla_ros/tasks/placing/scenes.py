# SPDX-License-Identifier: Apache-2.0
"""How a scene of placing is drawn: an object, a receptacle that it fits, others that neither description can mean."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.composition import ChosenObjects, compose
from vla_ros.sim.scenes.objects import Kind, choose_extra, choose_kind, choose_other, same_name
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet, SceneSets, check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, part_of
from vla_ros.tasks.placing.instructions import instruct
from vla_ros.tasks.placing.receptacles import HOLLOW, holds_models

_TRIES = 60


@cache
def placing_sets() -> SceneSets:
    """Return the ranges of a scene and the sets by name."""
    return load_sets("placing")


def sample_placing(
    set_name: str,
    seed: int,
    stream: str,
    categories: str,
    wording: str | None,
    target: str,
    place: str,
    cameras: Sequence[str],
    robot: str,
) -> Scene:
    """Draw a scene: a pure function of its arguments, which are those of grasping. Its second object is the goal.

    `target` is what is to be put, `place` where that stands. Raises ConfigError for names it does not know.
    """
    catalogue, sets = load_catalogue(), placing_sets()
    changes, ranges = check_set(sets, set_name), sets.scene
    chosen = _choose(catalogue, categories, target, changes, ranges, stream, seed)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed[0], placed[1], catalogue, stream, seed, wording)

    area = part_of(ranges.area, place)
    scene = compose(chosen, set_name, changes, ranges, stream, seed, asked, area, cameras, robot, roomy=2)
    return dataclasses.replace(scene, goal=scene.objects[1].name)


@cache
def _receptacles() -> tuple[ObjectModel, ...]:
    """Return everything that a scene's goal may be: made to be put into, or hollow."""
    catalogue = load_catalogue()
    hollow = (model for model in catalogue.models("seen") if model.category in HOLLOW)
    return (*catalogue.receptacles, *hollow)


@cache
def _fitting() -> dict[str, tuple[ObjectModel, ...]]:
    """Return which receptacles have room for each object of the catalogue, by the object's name."""
    models = load_catalogue().models("all")
    return {one.name: tuple(goal for goal in _receptacles() if holds_models(goal, one)) for one in models}


def _choose(
    catalogue: Catalogue, categories: str, wanted: str, changes: SceneSet, ranges: SceneRanges, stream: str, seed: int
) -> ChosenObjects:
    rng = scene_generator(stream, seed, "objects")
    models = catalogue.models(categories)
    possible = tuple(model for model in models if model.graspable and _fitting()[model.name])
    target = choose_target(wanted, possible, catalogue, rng)
    goal = _choose_goal(target, catalogue, rng)
    count = int(rng.integers(ranges.others[0], ranges.others[1] + 1))
    drawn = (choose_other(models, target, catalogue, rng) for _ in range(count))
    others = [kind for kind in drawn if kind and not same_name(kind, goal)]
    more = scene_generator(stream, seed, "extra")
    extra = choose_extra(models, target, changes.extra, changes.extra_alike, catalogue, more)
    extra = [kind for kind in extra if not same_name(kind, goal)]
    first = [catalogue.vary(kind.model, rng, kind.color) for kind in (target, goal, *others)]
    return first, [catalogue.vary(kind.model, more, kind.color) for kind in extra]


def _choose_goal(target: Kind, catalogue: Catalogue, rng: np.random.Generator) -> Kind:
    """Draw a receptacle that has room for the target and that no description could mean with it."""
    for _ in range(_TRIES):
        goal = choose_kind(_fitting()[target.model.name], catalogue, rng)
        if not same_name(goal, target):
            return goal
    raise ConfigError(f"target '{target.color} {target.category}': no receptacle differs from it and has room for it")

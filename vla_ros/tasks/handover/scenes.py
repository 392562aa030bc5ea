# SPDX-License-Identifier: Apache-2.0
"""How a scene of a handover is drawn: something long on one hand's side, a receptacle on the other's."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.composition import ChosenObjects, NoRoomError, compose
from vla_ros.sim.scenes.objects import Kind, choose_extra, choose_kind, choose_other, same_name
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.scene_robot import scene_robot
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet, check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.tasks.handover.long_thing import LongThing, long_things, lying
from vla_ros.tasks.handover.reaching import PassingRobot
from vla_ros.tasks.placing.instructions import instruct

ROOM = 0.045  # [m] that a receptacle is longer and wider than what is put into it, its walls included
TASK = "handover"
_TRIES = 60


def sample_handover(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request, whose `target` is what is passed on. Its second object is the goal.

    Raises ConfigError for names it does not know.
    """
    catalogue, sets = load_catalogue(), load_sets(TASK)
    chosen = _choose(request, check_set(sets, request.set_name, request.stream), sets.scene, catalogue)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed[0], placed[1], catalogue, request.stream, request.seed, request.wording, TASK)

    robot = PassingRobot(scene_robot(request.robot).arms)
    (thing, goal, *others), extra = chosen
    while True:
        try:
            scene = compose(([thing, goal, *others], extra), request, sets, asked, roomy=2, robot=robot)
        except NoRoomError:
            if not others:
                raise
            others.pop()  # the two that matter take their places by who reaches them: the others, what is left
        else:
            return dataclasses.replace(scene, goal=scene.objects[1].name)


@cache
def _fitting(opening: float) -> dict[str, tuple[ObjectModel, ...]]:
    """Return which receptacles have room for each object that two hands of an opening [m] can hold, by its name."""
    catalogue = load_catalogue()
    models, found = catalogue.models("all"), {}
    for model, thing in zip(models, long_things(models, opening), strict=True):
        if thing is not None:
            goals = (goal for goal in catalogue.receptacles if goal.category == "tray")
            found[model.name] = tuple(goal for goal in goals if _has_room(goal, thing))
    return found


def _has_room(goal: ObjectModel, thing: LongThing) -> bool:
    """Say whether a tray has room for what lies along its longer side."""
    long, short = sorted(goal.size[:2], reverse=True)
    return thing.length <= long - ROOM and thing.width <= short - ROOM


def _choose(request: SceneRequest, changes: SceneSet, ranges: SceneRanges, catalogue: Catalogue) -> ChosenObjects:
    rng = scene_generator(request.stream, request.seed, "objects")
    opening = min((one.width_max for one in load_embodiment(request.robot).grippers), default=0.08)
    fitting, models = _fitting(opening), catalogue.models(request.categories, request.stream)
    possible, more_possible = (
        tuple(model for model in some if model.graspable and fitting.get(model.name))
        for some in (models, wishes(request, catalogue))
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
    thing = lying(first[0], opening)
    for _ in range(_TRIES):
        if thing.resting and LongThing.of(thing, opening) is not None:
            break  # else it has come out wider than the fingers open
        thing = lying(catalogue.vary(target.model, rng, target.color), opening)
    return [thing, *first[1:]], [catalogue.vary(kind.model, more, kind.color) for kind in extra]


def _choose_goal(target: Kind, goals: tuple[ObjectModel, ...], catalogue: Catalogue, rng: np.random.Generator) -> Kind:
    """Draw a receptacle that has room for the target and that no description could mean with it."""
    for _ in range(_TRIES):
        goal = choose_kind(goals, catalogue, rng)
        if not same_name(goal, target):
            return goal
    raise ConfigError(f"target '{target.color} {target.category}': no receptacle differs from it and has room for it")

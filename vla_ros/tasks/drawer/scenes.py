# SPDX-License-Identifier: Apache-2.0
"""How a scene of the drawer task is drawn: a cabinet before the robot, an object that fits its drawers, others."""

from __future__ import annotations

import dataclasses
from functools import cache

from controllers.errors import ConfigError
from vla_ros.objects.articulated import FixtureModel
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.lying_size import LyingSize, lying_size, lying_sizes
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.composition import ChosenObjects, Furniture, compose
from vla_ros.sim.scenes.objects import Kind, choose_extra, choose_other
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneRanges, SceneSet, check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.tasks.drawer.cabinets import NAME, draw_cabinet, fits, stand
from vla_ros.tasks.drawer.drawers import drawer_name, places, top_row
from vla_ros.tasks.drawer.instructions import instruct

_TRIES = 60


def sample_drawer(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request, whose `target` is what is to be put away. Its goal is the drawer.

    Raises ConfigError for names it does not know.
    """
    catalogue, sets = load_catalogue(), load_sets("drawer")
    cabinet, target, model = _choose_pair(request, catalogue)
    others = _choose_others(target, request, check_set(sets, request.set_name, request.stream), sets.scene, catalogue)
    rng = scene_generator(request.stream, request.seed, "bodies", _TRIES)
    reachable = top_row(cabinet)  # a hand from above reaches no handle below another one
    link = reachable[int(rng.integers(len(reachable)))]
    drawer = drawer_name(dict((one.joint.name, place) for one, place in places(cabinet))[link.joint.name])

    def furnish(height: float) -> Furniture:
        return stand(cabinet, height, rng)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return instruct(placed[0], drawer, catalogue, request.stream, request.seed, request.wording)

    first, extra = others
    scene = compose(([model, *first], extra), request, sets, asked, furnish=furnish)
    return dataclasses.replace(scene, goal=f"{NAME}/{link.joint.name}")


@cache
def _graspable(categories: str, stream: str) -> tuple[tuple[ObjectModel, LyingSize], ...]:
    """Return what may be put into a drawer, and how much room each takes."""
    models = [model for model in load_catalogue().models(categories, stream) if model.graspable]
    return tuple(zip(models, lying_sizes(models), strict=True))


def _choose_pair(request: SceneRequest, catalogue: Catalogue) -> tuple[FixtureModel, Kind, ObjectModel]:
    """Draw a cabinet, what is put into it, and the copy of that which stands in the scene."""
    graspable = _graspable(request.categories, request.stream)
    wished = _graspable(request.categories, "") if wishes(request, catalogue) else ()
    refused = ConfigError(f"target '{request.target}': fits no drawer")
    for attempt in range(_TRIES):
        cabinet = draw_cabinet(scene_generator(request.stream, request.seed, "bodies", attempt))
        rng = scene_generator(request.stream, request.seed, "objects", attempt)
        try:
            fitting, more = (
                tuple(model for model, size in some if fits(cabinet, size)) for some in (graspable, wished)
            )
            target = choose_target(request.target, fitting, catalogue, rng, more)
        except ConfigError as error:
            refused = error
            continue
        model = catalogue.vary(target.model, rng, target.color)
        if fits(cabinet, lying_size(model)):  # copies differ in size
            return cabinet, target, model
    raise refused


def _choose_others(
    target: Kind, request: SceneRequest, changes: SceneSet, ranges: SceneRanges, catalogue: Catalogue
) -> ChosenObjects:
    """Draw what else stands there, that the target's description cannot mean."""
    models = catalogue.models(request.categories, request.stream)
    rng = scene_generator(request.stream, request.seed, "objects", _TRIES)
    count = int(rng.integers(ranges.others[0], ranges.others[1] + 1))
    others = [kind for kind in (choose_other(models, target, catalogue, rng) for _ in range(count)) if kind]
    more = scene_generator(request.stream, request.seed, "extra")
    extra = choose_extra(models, target, changes.extra, changes.extra_alike, catalogue, more)
    first = [catalogue.vary(kind.model, rng, kind.color) for kind in others]
    return first, [catalogue.vary(kind.model, more, kind.color) for kind in extra]

# SPDX-License-Identifier: Apache-2.0
"""Several things of one name on a table that is to be cleared: only a relation or a size says which is meant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject
from vla_ros.sim.scenes.sets import check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, fitting_words
from vla_ros.sim.scenes.wording import Family, family, usual_family
from vla_ros.tasks.bussing.things import TASK, receptacles_of
from vla_ros.tasks.grasping.relation_scenes import Telling, choose_alike, tried_kinds

_THE = "the "


def first_thing(placed: Sequence[PlacedObject]) -> PlacedObject:
    """Return the first object that is no receptacle: the one that a relation means."""
    return _things(placed)[0]


def related(placed: Sequence[PlacedObject], request: SceneRequest, catalogue: Catalogue) -> str:
    """Return what tells the first thing from the others, such as "left mug"; "" where nothing does."""
    return _telling(placed, request, catalogue).ask(_things(placed)).removeprefix(_THE)


def tells(placed: Sequence[PlacedObject], request: SceneRequest, catalogue: Catalogue) -> bool:
    """Say whether a relation tells the first thing from the others."""
    return _telling(placed, request, catalogue).possible(_things(placed))


def alike_things(
    number: int,
    count: int,
    request: SceneRequest,
    models: tuple[ObjectModel, ...],
    wished: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> list[ObjectModel]:
    """Draw things of which the first has one or two others of its name; nothing where the kind of relation cannot hold.

    `number` counts the tries, `wished` is what somebody may name beside `models`.
    """
    rng = scene_generator(request.stream, request.seed, "objects", 1 + number)
    target = choose_target(request.target, models, catalogue, rng, wished)
    meant = fitting_words(request.target, models, catalogue)
    return choose_alike(target, models, meant, count, catalogue, _kinds(request)[number], rng)


def tries(request: SceneRequest) -> int:
    """Return how often things are drawn before it is given up."""
    return len(_kinds(request))


def _kinds(request: SceneRequest) -> list[str]:
    return tried_kinds(request, check_set(load_sets(TASK), request.set_name).relations)


def _telling(placed: Sequence[PlacedObject], request: SceneRequest, catalogue: Catalogue) -> Telling:
    """Return how the first thing is told: by the first kind of relation, in order, of which it is possible."""
    words = family(usual_family(request.stream, request.wording))
    ways = [
        Telling(kind, catalogue, words, request.stream, request.seed, _named) for kind in dict.fromkeys(_kinds(request))
    ]
    return next((way for way in ways if way.possible(_things(placed))), ways[0])


def _named(phrase: str, words: Family, rng: np.random.Generator) -> str:
    return f"{_THE}{phrase}"


def _things(placed: Sequence[PlacedObject]) -> tuple[PlacedObject, ...]:
    receptacles = receptacles_of(one.model.category for one in placed)
    return tuple(one for one in placed if one.model.category not in receptacles)

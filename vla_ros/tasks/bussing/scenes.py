# SPDX-License-Identifier: Apache-2.0
"""How a scene of bussing is drawn: a wide table, a bin and a tray or a box at its ends, waste and tableware between."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.bussing_boxes import bussing_box
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.category import GROUNDING, NOVEL
from vla_ros.objects.lying_size import lying_size, lying_sizes
from vla_ros.objects.model import ObjectModel
from vla_ros.objects.solids import scaled
from vla_ros.sim.scenes.composition import ChosenObjects, NoRoomError, compose
from vla_ros.sim.scenes.objects import Kind, choose_kind, same_name
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.scene_robot import scene_robot
from vla_ros.sim.scenes.sets import check_set, load_sets
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.tasks.bussing.layout import BussingRobot
from vla_ros.tasks.bussing.relations import alike_things, tells, tries
from vla_ros.tasks.bussing.requests import words
from vla_ros.tasks.bussing.things import BIN, BOX, RELATION, TASK, TRAY, bussing_things
from vla_ros.tasks.grasping.relation_scenes import ATTEMPTS, no_relation

TABLE_LENGTH = 2.20  # [m] along y: more than both arms reach from one place
_TRIES = 60
_BOX = 1  # which of a scene's generators of bodies draws its box

Fits = Callable[[tuple[PlacedObject, ...]], bool]
Composed = Callable[[list[ObjectModel], list[ObjectModel], Fits], Scene]


def sample_bussing(request: SceneRequest) -> Scene:
    """Draw a scene: a pure function of the request. Its first two objects are the receptacles, `target` is empty.

    Raises ConfigError for names it does not know.
    """
    catalogue, sets = load_catalogue(), load_sets(TASK)
    changes = check_set(sets, request.set_name, request.stream)
    rng = scene_generator(request.stream, request.seed, "objects")
    places = [_receptacle(category, catalogue, rng) for category in (BIN, TRAY)]
    left = float(rng.choice((-1.0, 1.0)))
    count = int(rng.integers(sets.scene.others[0], sets.scene.others[1] + 1)) + 1
    count = min(count, bussing_things().most - changes.extra)
    boxes = scene_generator(request.stream, request.seed, "bodies", _BOX)
    if boxes.uniform() < bussing_things().box_share:
        places[1] = bussing_box(boxes)
    sides = ((places[0].category, left), (places[1].category, -left))
    more = scene_generator(request.stream, request.seed, "extra")
    robot = BussingRobot(scene_robot(request.robot).arms, sides=sides)

    def asked(placed: tuple[PlacedObject, ...]) -> str:
        return words(placed, request, catalogue)

    def composed(things: list[ObjectModel], extra: list[ObjectModel], fits: Fits | None = None) -> Scene:
        chosen: ChosenObjects = ([*places, *things], extra)
        if fits is None:
            return compose(chosen, request, sets, asked, roomy=len(chosen[0]), robot=robot)
        return compose(chosen, request, sets, asked, roomy=len(chosen[0]), robot=robot, fits=fits, attempts=ATTEMPTS)

    if changes.asks == RELATION:
        scene = _related(count, request, places, catalogue, composed)
    else:
        things = _things(count, request, places, catalogue, rng)
        scene = composed(things, _things(changes.extra, request, [*places, *things], catalogue, more))
    table = dataclasses.replace(scene.table, extent=(scene.table.extent[0], TABLE_LENGTH))
    return dataclasses.replace(scene, table=table, target="")


def _related(
    count: int, request: SceneRequest, places: list[ObjectModel], catalogue: Catalogue, composed: Composed
) -> Scene:
    """Draw things of which the first is told by a relation or a size. Raises ConfigError where none can be said."""
    models = _fitting(_categories(places), request.stream)
    for number in range(tries(request)):
        chosen = alike_things(number, count, request, models, _wished(places, request, catalogue), catalogue)
        if chosen:
            try:
                return composed(chosen, [], lambda placed: tells(placed, request, catalogue))
            except NoRoomError:
                continue
    raise no_relation(request)


def _receptacle(category: str, catalogue: Catalogue, rng: np.random.Generator) -> ObjectModel:
    """Draw a receptacle, larger than the catalogue's: it is to hold several things."""
    kind = choose_kind(tuple(m for m in catalogue.receptacles if m.name == f"{category}_oblong"), catalogue, rng)
    model, factor = catalogue.vary(kind.model, rng, kind.color), bussing_things().enlarged[category]
    parts = tuple(scaled(part, factor) for part in model.parts)
    return dataclasses.replace(model, parts=parts, mass=factor**2 * model.mass)


def _things(
    count: int, request: SceneRequest, there: list[ObjectModel], catalogue: Catalogue, rng: np.random.Generator
) -> list[ObjectModel]:
    """Draw things by turns for either receptacle, of which no description means two."""
    things = bussing_things()
    novel = check_set(load_sets(TASK), request.set_name).novel or request.categories in (GROUNDING, NOVEL)
    chosen: list[ObjectModel] = []
    if count and request.target and len(there) == len((BIN, TRAY)):
        models = _fitting(_categories(there), request.stream)
        kind = choose_target(request.target, models, catalogue, rng, _wished(there, request, catalogue))
        chosen.append(catalogue.vary(kind.model, rng, kind.color))
    waste = int(rng.integers(2))
    while len(chosen) < count:
        names = (things.tableware, things.novel_bin if novel else things.bin)[(len(chosen) + waste) % 2]
        kind = _other(_fitting(_beside(there, names), request.stream), [*there, *chosen], catalogue, rng)
        model = catalogue.vary(kind.model, rng, kind.color)
        if things.fits(lying_size(model)):  # a copy may be larger than the catalogue's
            chosen.append(model)
    return chosen


def _categories(there: list[ObjectModel]) -> tuple[str, ...]:
    """Name the categories of what may stand beside two receptacles."""
    return _beside(there, (*bussing_things().bin, *bussing_things().tableware))


def _beside(there: list[ObjectModel], names: tuple[str, ...]) -> tuple[str, ...]:
    """Return categories without the one that a receptacle is called by: no carton stands beside a box."""
    return tuple(name for name in names if name != BOX or there[1].category != BOX)


def _wished(there: list[ObjectModel], request: SceneRequest, catalogue: Catalogue) -> tuple[ObjectModel, ...]:
    """Return what may stand beside two receptacles where somebody names it."""
    return _fitting(_categories(there), "") if wishes(request, catalogue) else ()


@cache
def _fitting(categories: tuple[str, ...], stream: str) -> tuple[ObjectModel, ...]:
    """Return the things of some categories that are low and narrow enough."""
    all_models = load_catalogue().models("all", stream)
    models = [model for model in all_models if model.category in categories and model.graspable]
    fits = bussing_things().fits
    return tuple(model for model, size in zip(models, lying_sizes(models), strict=True) if fits(size))


def _other(
    models: tuple[ObjectModel, ...], there: list[ObjectModel], catalogue: Catalogue, rng: np.random.Generator
) -> Kind:
    """Draw one that no description could mean together with what is there."""
    for _ in range(_TRIES):
        kind = choose_kind(models, catalogue, rng)
        if not any(same_name(kind, model) for model in there):
            return kind
    raise ConfigError("no thing differs from all that is on the table: ask for fewer")

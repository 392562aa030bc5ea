# SPDX-License-Identifier: Apache-2.0
"""Scenes that do not hold what the words ask for: who looks must say so and leave everything where it stands."""

from __future__ import annotations

import dataclasses

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.referring.meaning import meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.naming import draw_color, draw_noun
from vla_ros.sim.scenes.objects import Kind, choose_kind, choose_other
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.sim.scenes.wording import family, usual_family

_TRIES = 200  # things that could be asked for, of which some may be taken for what is there
# What is asked for: a thing that is there in a colour that it has not, one in the colour of something, or any.
WAYS = ("its color", "its noun", "neither")


def sample_absent_scene(
    request: SceneRequest,
    sets: SceneSets,
    models: tuple[ObjectModel, ...],
    graspable: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> Scene:
    """Draw a scene. Raises ConfigError where everything that could be asked for is there."""
    words = family(usual_family(request.stream, request.wording))
    rng = scene_generator(request.stream, request.seed, "objects")
    first = choose_target(request.target, graspable, catalogue, rng, wishes(request, catalogue))
    others = (choose_other(models, first, catalogue, rng) for _ in range(check_set(sets, request.set_name).things - 1))
    chosen = [catalogue.vary(kind.model, rng, kind.color) for kind in (first, *others) if kind]

    def ask(placed: tuple[PlacedObject, ...]) -> str:
        saying = scene_generator(request.stream, request.seed, "words")
        asking = str(saying.choice(words.asking))
        objects = [SceneObject.of(one, catalogue) for one in placed]
        for _ in range(_TRIES):
            wanted = _wanted(placed, models, catalogue, saying)
            if wanted is None:
                continue
            model = dataclasses.replace(wanted.model, color=wanted.color, accents=())
            noun = draw_noun(model, catalogue, words, saying).replace("_", " ")
            text = asking.format(f"{draw_color(model, words, saying)} {noun}")
            meant = meaning(text, objects)
            if not (meant.named or meant.open or meant.doubt):
                return text
        raise ConfigError(
            f"set '{request.set_name}': all that '{request.categories}' could ask for is there: take other categories"
        )

    return dataclasses.replace(compose((chosen, []), request, sets, ask), target="", absent=True)


def _wanted(
    placed: tuple[PlacedObject, ...], models: tuple[ObjectModel, ...], catalogue: Catalogue, rng: np.random.Generator
) -> Kind | None:
    """Draw what is asked for; None where what was drawn cannot be."""
    like, way = placed[int(rng.integers(len(placed)))].model, str(rng.choice(WAYS))
    if way == "its color":
        colors = [color for color in catalogue.colors if color != like.color]
        return Kind(like, str(rng.choice(colors))) if colors else None
    other = choose_kind(models, catalogue, rng)
    if any(other.category == there.model.category for there in placed):
        return None
    if way == "neither":
        return other
    return Kind(other.model, like.color) if like.color in catalogue.colors_of(other.model) else None

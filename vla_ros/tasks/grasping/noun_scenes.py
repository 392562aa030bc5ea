# SPDX-License-Identifier: Apache-2.0
"""Scenes of one colour: as many categories as things, and words that name the thing alone: only a noun answers."""

from __future__ import annotations

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.referring.meaning import category_words, first_meant, means_alone
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.composition import compose
from vla_ros.sim.scenes.naming import draw_noun
from vla_ros.sim.scenes.objects import Kind, same_color, same_noun
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.sim.scenes.wording import Family, family, usual_family

_TRIES = 100  # targets, of which some come in colours that too few others come in
_WORDS = 20  # nouns, of which some may mean another thing as well


def sample_noun_scene(
    request: SceneRequest,
    sets: SceneSets,
    models: tuple[ObjectModel, ...],
    graspable: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> Scene:
    """Draw a scene. Raises ConfigError where the objects have too few categories of one colour."""
    count, words = check_set(sets, request.set_name).things, family(usual_family(request.stream, request.wording))

    def ask(placed: tuple[PlacedObject, ...]) -> str:
        return _instruction(placed, catalogue, words, scene_generator(request.stream, request.seed, "words"))

    rng = scene_generator(request.stream, request.seed, "objects")
    for _ in range(_TRIES):
        target = choose_target(request.target, graspable, catalogue, rng, wishes(request, catalogue))
        kinds = _one_color(target, models, count, catalogue, rng)
        if len(kinds) < count:
            continue
        chosen = [catalogue.vary(kind.model, rng, kind.color) for kind in kinds]
        objects = [SceneObject.of(PlacedObject(str(i), model, np.eye(4)), catalogue) for i, model in enumerate(chosen)]
        # By its own name: which objects there are does not depend on the family of words.
        if means_alone(f"pick up the {target.category.replace('_', ' ')}", "0", objects):
            return compose((chosen, []), request, sets, ask)
    raise ConfigError(
        f"set '{request.set_name}' needs {count} categories of one colour, '{request.categories}' has fewer"
        f"{f' that go with {request.target}' if request.target else ''}: take another set or other categories"
    )


def _one_color(
    target: Kind, models: tuple[ObjectModel, ...], count: int, catalogue: Catalogue, rng: np.random.Generator
) -> list[Kind]:
    """Return the target and things of other categories in its colour; where none is left, in one called the same."""
    kinds = [Kind(model, color) for model in models for color in catalogue.colors_of(model)]
    chosen = [target]
    while len(chosen) < count:
        others = [kind for kind in kinds if not any(same_noun(kind, there) for there in chosen)]
        fitting = [kind for kind in others if kind.color == target.color] or [
            kind for kind in others if all(same_color(kind, there) for there in chosen)
        ]
        if not fitting:
            return chosen
        category = str(rng.choice(sorted({kind.category for kind in fitting})))
        alike = [kind for kind in fitting if kind.category == category]
        chosen.append(alike[int(rng.integers(len(alike)))])
    return chosen


def _instruction(
    placed: tuple[PlacedObject, ...], catalogue: Catalogue, words: Family, rng: np.random.Generator
) -> str:
    """Ask for the first object by a noun that means it alone; "" where none does."""
    target, asking = placed[0].model, str(rng.choice(words.asking))
    nouns = (draw_noun(target, catalogue, words, rng) for _ in range(_WORDS))
    texts = (asking.format(category_words(noun)) for noun in (*nouns, target.category))
    return first_meant(texts, placed[0].name, [SceneObject.of(one, catalogue) for one in placed])

# SPDX-License-Identifier: Apache-2.0
"""Scenes with several of one name, of which the one around which they stand most densely is to be taken first.

What is meant changes with what is left: each scene is one moment of an ordered task (GraspVLA, Table 4, task 3).
"""

from __future__ import annotations

import numpy as np

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.referring.meaning import category_words, first_meant
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.composition import NoRoomError, compose
from vla_ros.sim.scenes.naming import name_as
from vla_ros.sim.scenes.objects import choose_twins
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.relations import Spot, crowding
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set
from vla_ros.sim.scenes.target_query import choose_target, wishes
from vla_ros.sim.scenes.wording import family, usual_family

FEWEST = 4  # of the set's things, so many at least are left
LEAD = 0.04  # [m] by which others stand nearer to it than to any other, on average
PHRASE = "from the densest spot"
_TRIES, _ATTEMPTS = 24, 60  # objects, and places of these, before there are others
_WORDS = 20  # nouns, of which some may mean something else as well


def sample_dense_scene(
    request: SceneRequest,
    sets: SceneSets,
    models: tuple[ObjectModel, ...],
    graspable: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> Scene:
    """Draw a scene. Raises ConfigError where such objects do not find room."""
    most, words = check_set(sets, request.set_name).things, family(usual_family(request.stream, request.wording))

    def ask(placed: tuple[PlacedObject, ...]) -> str:
        rng, target = scene_generator(request.stream, request.seed, "words"), placed[0].model
        asking = str(rng.choice(words.asking))
        nouns = (name_as("noun", target, catalogue, words, rng, shape=False) for _ in range(_WORDS))
        texts = (asking.format(f"{noun} {PHRASE}") for noun in (*nouns, category_words(target.category)))
        return first_meant(texts, placed[0].name, [SceneObject.of(one, catalogue) for one in placed])

    for number in range(_TRIES):
        rng = scene_generator(request.stream, request.seed, "objects", number)
        target = choose_target(request.target, graspable, catalogue, rng, wishes(request, catalogue))
        count = int(rng.integers(min(FEWEST, most), most + 1))
        kinds = [target, *choose_twins(models, target, count - 1, catalogue, rng)]
        chosen = [catalogue.vary(kind.model, rng, kind.color) for kind in kinds]
        try:
            return compose((chosen, []), request, sets, ask, fits=first_is_densest, attempts=_ATTEMPTS)
        except NoRoomError:
            continue
    raise ConfigError(
        f"set '{request.set_name}', seed {request.seed}: no place is plainly the densest of so many of these objects: "
        "take another set or smaller objects"
    )


def first_is_densest(placed: tuple[PlacedObject, ...]) -> bool:
    """Say whether others stand plainly nearer to the first object than to any other."""
    spots = [Spot.of(one) for one in placed]
    values = np.array([crowding(spot, [*spots[:i], *spots[i + 1 :]]) for i, spot in enumerate(spots)])
    return bool((values[0] >= values[1:] + LEAD).all())

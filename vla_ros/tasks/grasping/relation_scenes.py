# SPDX-License-Identifier: Apache-2.0
"""Scenes with several things of one name: which is meant, only a relation or a size says, and says it plainly."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.objects.catalogue import Catalogue
from vla_ros.objects.model import ObjectModel
from vla_ros.sim.referring.meaning import first_meant
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.composition import NoRoomError, compose
from vla_ros.sim.scenes.descriptions import instruction_for
from vla_ros.sim.scenes.objects import Kind, choose_extra, choose_twins
from vla_ros.sim.scenes.places import Place, find_place, say_place
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.relations import CLOSEST, PLAIN
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneSets, check_set
from vla_ros.sim.scenes.sizes import OF_TWO, SIZES
from vla_ros.sim.scenes.target_query import choose_target, fitting_words, wishes
from vla_ros.sim.scenes.telling_apart import Table
from vla_ros.sim.scenes.wording import Family, family, usual_family

# Kinds of relation, as the set has shares of them → what may be said.
KINDS = {
    "side": ("left of", "right of"),
    "depth": ("behind", "in front of"),
    "near": ("next to", CLOSEST),
    "edge": ("leftmost", "rightmost", "nearest", "farthest", "left", "right"),
    "size": (*SIZES, *OF_TWO),
}
_NAMED = ("noun", "plain")  # what stands beside the relation
_TRIES, ATTEMPTS = 24, 24  # objects of a kind of relation, and places of these, before there are others
_THIRD = 0.4  # how often there are three of the name, not two
_ALIKE = 2  # others that share colour or category with the target, where there are so many others
_PLACES = 4  # relations, of which the judge may find some to mean another thing as well
_PHRASES = 20  # ways of saying one, of which it may read some otherwise


def sample_relation_scene(
    request: SceneRequest,
    sets: SceneSets,
    models: tuple[ObjectModel, ...],
    graspable: tuple[ObjectModel, ...],
    catalogue: Catalogue,
) -> Scene:
    """Draw a scene. Raises ConfigError where no relation can be said of the objects there are."""
    changes, words = check_set(sets, request.set_name), family(usual_family(request.stream, request.wording))
    for number, kind in enumerate(tried_kinds(request, changes.relations)):
        telling = Telling(kind, catalogue, words, request.stream, request.seed)
        rng = scene_generator(request.stream, request.seed, "objects", 1 + number)
        target = choose_target(request.target, graspable, catalogue, rng, wishes(request, catalogue))
        meant = fitting_words(request.target, graspable, catalogue)
        chosen = choose_alike(target, models, meant, changes.things, catalogue, telling.kind, rng)
        if chosen:
            try:
                return compose((chosen, []), request, sets, telling.ask, fits=telling.possible, attempts=ATTEMPTS)
            except NoRoomError:
                continue
    raise no_relation(request)


def tried_kinds(request: SceneRequest, relations: Mapping[str, float]) -> list[str]:
    """Return kinds of relation in the order in which they are tried, by their shares in a set, each several times.

    The first is drawn by its share; the others are for objects of which it cannot be said. Raises ConfigError for an
    unknown one.
    """
    for name in relations:
        if name not in KINDS:
            raise ConfigError(unknown_name("relation", name, KINDS))
    shares = {name: share for name, share in relations.items() if share > 0.0}
    rng = scene_generator(request.stream, request.seed, "objects")
    kinds = rng.choice(list(shares), len(shares), replace=False, p=list(shares.values())).tolist()
    return [kind for kind in kinds for _ in range(_TRIES)]


def no_relation(request: SceneRequest) -> ConfigError:
    """Return what is raised where no relation can be said of the objects there are."""
    return ConfigError(
        f"set '{request.set_name}', seed {request.seed}: no relation tells one of these objects from another of its "
        "name: take another set or other objects"
    )


def choose_alike(
    target: Kind,
    models: tuple[ObjectModel, ...],
    meant: tuple[ObjectModel, ...],
    count: int,
    catalogue: Catalogue,
    kind: str,
    rng: np.random.Generator,
) -> list[ObjectModel]:
    """Return the target, one or two of its name, and others; nothing where the kind of relation cannot hold.

    `meant`: what may lead instead of the target where its size tells it.
    """
    kinds = [target, *choose_twins(models, target, 2 if rng.uniform() < _THIRD else 1, catalogue, rng)]
    group = [catalogue.vary(one.model, rng, one.color) for one in kinds]
    if kind == "size":
        shapes = {target.model.name, *(model.name for model in meant)}
        leading = [i for i in _of_a_size(group) if kinds[i].model.name in shapes]
        if not leading:
            return []
        first = leading[int(rng.integers(len(leading)))]
        group = [group[first], *group[:first], *group[first + 1 :]]
    others = choose_extra(models, target, count - len(group), min(_ALIKE, count - len(group)), catalogue, rng)
    return [*group, *(catalogue.vary(one.model, rng, one.color) for one in others)]


def _of_a_size(group: list[ObjectModel]) -> list[int]:
    """Number those that their size may tell from the others."""
    table = Table.of([PlacedObject(str(i), model, np.eye(4)) for i, model in enumerate(group)])
    names = [str(i) for i in range(len(group))]
    ways = {name: {*table.among(name, [other for other in names if other != name])} for name in names}
    return [int(name) for name in names if ways[name] & {*KINDS["size"]}]


def _grasp(phrase: str, words: Family, rng: np.random.Generator) -> str:
    return instruction_for(phrase, "relation", words, rng)


@dataclass(frozen=True)
class Telling:
    """How a scene tells its first object: by a relation of one kind, chosen by what is true and worded afterwards.

    Which it is does not depend on the family of words, so that no wording changes a scene.
    """

    kind: str  # of KINDS
    catalogue: Catalogue
    words: Family
    stream: str
    seed: int
    write: Callable[[str, Family, np.random.Generator], str] = _grasp  # a request for what a phrase names

    def possible(self, placed: tuple[PlacedObject, ...]) -> bool:
        """Say whether such a relation means the first object alone."""
        return self._place(placed) is not None

    def ask(self, placed: tuple[PlacedObject, ...]) -> str:
        """Ask for the first object, of which such a relation is possible."""
        place = self._place(placed)
        if place is None:
            return ""
        said = self._instruction(placed, place, self.words, scene_generator(self.stream, self.seed, "words", 1))
        return said or self._plainly(placed, place)

    def _place(self, placed: tuple[PlacedObject, ...]) -> Place | None:
        rng, table = scene_generator(self.stream, self.seed, "words"), Table.of(placed, PLAIN)
        for _ in range(_PLACES):
            place = find_place(placed[0], placed[1:], rng, table, _NAMED, KINDS[self.kind], other_anchors=True)
            if place and self._plainly(placed, place):
                return place
        return None

    def _plainly(self, placed: tuple[PlacedObject, ...], place: Place) -> str:
        """Ask with categories and colours by their own names; "" where the judge finds another meaning."""
        words = dataclasses.replace(family("common"), other=0.0)
        return self._instruction(placed, place, words, np.random.default_rng(self.seed), tries=1)

    def _instruction(
        self,
        placed: tuple[PlacedObject, ...],
        place: Place,
        words: Family,
        rng: np.random.Generator,
        tries: int = _PHRASES,
    ) -> str:
        said = (say_place(placed[0].model, place, self.catalogue, words, rng) for _ in range(tries))
        texts = (self.write(phrase, words, rng) for phrase in said)
        return first_meant(texts, placed[0].name, [SceneObject.of(one, self.catalogue) for one in placed])

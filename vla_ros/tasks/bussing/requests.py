# SPDX-License-Identifier: Apache-2.0
"""What is asked for on a table: everything at once, one thing after the other, or what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from controllers.errors import ConfigError, unknown_name
from vla_ros.configuration import config_file, load_config
from vla_ros.objects.catalogue import Catalogue
from vla_ros.policies.geometric.placing_language import split_placing
from vla_ros.sim.referring.meaning import meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.objects import choose_kind, same_name
from vla_ros.sim.scenes.random_streams import scene_generator
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.wording import FAMILIES, usual_family
from vla_ros.tasks.bussing.relations import first_thing, related
from vla_ros.tasks.bussing.things import (
    ABSENT,
    RELATION,
    SWAPPED,
    WHOLE,
    asked_by,
    bussing_things,
    goals_of,
    receptacles_of,
)
from vla_ros.tasks.placing.instructions import instruct, placing_wording
from vla_ros.tasks.sentences import NEXT, split_sentences

_TRIES = 200
_THERE = "{there}"  # slot of a sentence: "onto the tray" or "into the box"


@dataclass(frozen=True)
class BussingRequest:
    """One sentence and what it means: where which thing is to go. Empty: it asks for what is not there."""

    sentence: str
    goals: Mapping[str, str]  # name of a thing → of the receptacle
    doubt: str = ""  # why nobody can say what it means


@dataclass(frozen=True)
class BussingWording:
    """The file config/tasks/bussing_wording.yaml."""

    whole: dict[str, tuple[str, ...]] = field(default_factory=dict)  # family → sentences

    def sentences(self, family: str, receptacle: str) -> tuple[str, ...]:
        """Return the sentences of a family for a table whose tableware goes to a receptacle of a category."""
        return tuple(one.replace(_THERE, there(receptacle)) for one in self.whole[family])

    def __post_init__(self) -> None:
        if set(self.whole) != set(FAMILIES):
            raise ConfigError(f"whole must have {', '.join(FAMILIES)}, got {', '.join(self.whole) or 'none'}")
        if shared := set(self.whole["unseen"]) & {*self.whole["common"], *self.whole["training"]}:
            raise ConfigError(f"whole: '{min(shared)}' is unseen, and another family says it")
        if odd := [one for sentences in self.whole.values() for one in sentences if NEXT.strip() in one]:
            raise ConfigError(f"whole: '{odd[0]}' must hold no '{NEXT.strip()}'")


@cache
def bussing_wording() -> BussingWording:
    """Return the sentences that ask for a whole table."""
    return load_config(config_file("tasks", "bussing_wording.yaml"), BussingWording)


def there(receptacle: str) -> str:
    """Return how one says that something is to go to a receptacle of a category: "onto the tray"."""
    return f"{placing_wording().into[receptacle][0]} the {receptacle}"


def words(placed: tuple[PlacedObject, ...], request: SceneRequest, catalogue: Catalogue) -> str:
    """Return what a scene with these objects asks for, one sentence or several."""
    stream, seed, family = request.stream, request.seed, usual_family(request.stream, request.wording)
    kind = asked_by(request.set_name)
    if kind == WHOLE:
        if family not in FAMILIES:
            raise ConfigError(unknown_name("wording", family, FAMILIES))
        _, receptacle = receptacles_of(_categories(placed).values())
        sentences = bussing_wording().sentences(family, receptacle)
        return str(scene_generator(stream, seed, "words").choice(sentences))
    by_name = {one.name: one for one in placed}
    phrase = ""
    if kind == ABSENT:
        pairs = [_absent(placed, request, catalogue)]
    elif kind == RELATION:
        pairs = [(first_thing(placed), by_name[_goal(placed)])]
        phrase = related(placed, request, catalogue)
    else:
        chosen = _steps(_categories(placed), stream, seed, kind)
        pairs = [(by_name[thing], by_name[goal]) for thing, goal in chosen.items()]
    said = [
        instruct(thing, goal, catalogue, stream, seed, family, number=number, phrase=phrase)
        for number, (thing, goal) in enumerate(pairs)
    ]
    return NEXT.join(said)


def scene_requests(scene: Scene) -> tuple[BussingRequest, ...]:
    """Return what a scene asks for, in order."""
    kind, categories = asked_by(scene.set_name), _categories(scene.objects)
    if kind == WHOLE:
        return (BussingRequest(scene.instruction, goals_of(categories)),)
    if kind == ABSENT:
        return (BussingRequest(scene.instruction, {}),)
    if kind == RELATION:
        return (BussingRequest(scene.instruction, {first_thing(scene.objects).name: _goal(scene.objects)}),)
    steps = _steps(categories, scene.stream, scene.seed, kind)
    sentences = scene.instruction.split(NEXT)
    return tuple(
        BussingRequest(sentence, {thing: goal})
        for sentence, (thing, goal) in zip(sentences, steps.items(), strict=True)
    )


def meant(
    instruction: str, objects: Sequence[SceneObject], nouns: Mapping[str, str], own: Sequence[BussingRequest]
) -> tuple[BussingRequest, ...]:
    """Return what an instruction asks for in a scene whose own requests are `own`; "": those."""
    if instruction in ("", NEXT.join(one.sentence for one in own)):
        return tuple(own)
    for one in own:
        if instruction == one.sentence:
            return (one,)
    return tuple(_meant(sentence, objects, nouns) for sentence in split_sentences(instruction))


def _meant(sentence: str, objects: Sequence[SceneObject], nouns: Mapping[str, str]) -> BussingRequest:
    plain = sentence.strip().lower().rstrip(".!?")
    receptacles = receptacles_of(one.category for one in objects)
    known = (one for family in FAMILIES for one in bussing_wording().sentences(family, receptacles[1]))
    if any(plain == one.rstrip("?") for one in known):
        return BussingRequest(sentence, goals_of({one.name: one.category for one in objects}))
    phrases = split_placing(sentence)
    if phrases is None:
        return BussingRequest(sentence, {}, "the instruction does not say what is to be put where")
    thing, goal = (meaning(named(one), objects, nouns) for one in (phrases.thing, phrases.goal))
    places = [one.name for one in goal.named if one.category in receptacles]
    things = [one.name for one in thing.named if one.category not in receptacles]
    doubt = thing.doubt or goal.doubt
    return BussingRequest(sentence, {one: places[0] for one in things} if places else {}, doubt)


def named(phrase: str) -> str:
    """Return a phrase of a placing sentence as one that names something, such as that of "set the mug down onto …"."""
    plain = phrase.removesuffix(" down")
    return plain if plain.startswith(("the ", "pick ")) else f"the {plain}"


def _goal(placed: Sequence[PlacedObject]) -> str:
    """Name the receptacle that the first thing belongs in."""
    return goals_of(_categories(placed))[first_thing(placed).name]


def _categories(placed: Sequence[PlacedObject]) -> dict[str, str]:
    return {one.name: one.model.category for one in placed}


def _steps(categories: Mapping[str, str], stream: str, seed: int, kind: str) -> dict[str, str]:
    """Return which things are asked for one by one, and where each is to go."""
    right = goals_of(categories)
    rng = scene_generator(stream, seed, "bodies")
    names = [str(name) for name in rng.permutation(sorted(right))][: bussing_things().steps]
    if kind != SWAPPED:
        return {name: right[name] for name in names}
    places = [name for name, category in categories.items() if category in receptacles_of(categories.values())]
    return {name: next(one for one in places if one != right[name]) for name in names}


def _absent(
    placed: tuple[PlacedObject, ...], request: SceneRequest, catalogue: Catalogue
) -> tuple[PlacedObject, PlacedObject]:
    """Draw something that is not on the table, and the receptacle that it would belong in."""
    rng = scene_generator(request.stream, request.seed, "bodies")
    things, receptacles = bussing_things(), receptacles_of(one.model.category for one in placed)
    asked = {*things.bin, *things.tableware} - {*receptacles}
    models = tuple(one for one in catalogue.models("action", request.stream) if one.category in asked)
    standing = [one.model for one in placed]
    for _ in range(_TRIES):
        kind = choose_kind(models, catalogue, rng)
        if not any(same_name(kind, model) for model in standing):
            model = catalogue.vary(kind.model, rng, kind.color)
            goal_category = things.receptacle(kind.category, receptacles)
            goal = next(one for one in placed if one.model.category == goal_category)
            return PlacedObject("", model, np.eye(4)), goal
    raise ConfigError(f"scene {request.seed}: everything that could be asked for is there")

# SPDX-License-Identifier: Apache-2.0
"""Scenes whose words colour does not answer: one thing is meant, by its noun alone or by a relation alone."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from slow_tests import trials

from controllers.errors import ConfigError
from vla_ros.evaluation.choosers import expected
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.objects.catalogue import Catalogue, load_catalogue
from vla_ros.objects.colors import color_ranges
from vla_ros.sim.referring.grammar import read
from vla_ros.sim.referring.lexicon import Lexicon, tokens
from vla_ros.sim.referring.meaning import means_alone
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.naming import plural
from vla_ros.sim.scenes.objects import same_color, same_noun
from vla_ros.sim.scenes.relations import PLAIN, Spot
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.scenes.sets import load_sets
from vla_ros.sim.scenes.wording import FAMILIES, family
from vla_ros.tasks.grasping.relation_scenes import KINDS
from vla_ros.tasks.table import load_task
from vla_ros.training.generation.settings import GenerationSettings

CATALOGUE = load_catalogue()
COUNT = trials(30, 200)
EVALUATED = ("common", "unseen")
EDGES = ("left", "right", "leftmost", "rightmost", "nearest", "farthest")  # the grammar's other extremes are sizes


@pytest.fixture(scope="module")
def noun_scenes() -> list[Scene]:
    return [grasping_scene("noun", seed, wording=EVALUATED[seed % 2]) for seed in range(COUNT)]


@pytest.fixture(scope="module")
def relation_scenes() -> list[Scene]:
    return [grasping_scene("relation", seed, wording=EVALUATED[seed % 2]) for seed in range(COUNT)]


def test_six_things_of_one_colour_are_six_categories(noun_scenes) -> None:
    for scene in noun_scenes:
        assert len(scene.objects) == 6
        for first, second in combinations([placed.model for placed in scene.objects], 2):
            assert same_color(first, second), scene.instruction
            assert not same_noun(first, second), scene.instruction


def test_the_noun_is_said_and_neither_colour_nor_place(noun_scenes) -> None:
    places = {phrase.replace("{}s", "").replace("{}", "").strip() for name in FAMILIES
              for phrase in family(name).said_of_places}  # fmt: skip
    colors = {*color_ranges(), *(word for name in FAMILIES for words in family(name).colors.values() for word in words)}
    for scene in noun_scenes:
        said = f" {' '.join(tokens(scene.instruction))} "
        for word in places | colors:
            assert f" {' '.join(tokens(word))} " not in said, scene.instruction
        readings = read(tokens(scene.instruction), Lexicon.of({}))
        assert readings
        assert all(one.nouns and not (one.colors or one.extremes or one.relations) for one in readings)


def test_colour_expects_no_more_than_chance_where_the_noun_answers(noun_scenes) -> None:
    for scene in noun_scenes:
        assert expected(scene) == {"chance": 1 / 6, "color_alone": 1 / 6, "noun_alone": 1.0, "name_alone": 1.0}


def test_what_only_a_relation_tells_has_another_of_its_name(relation_scenes) -> None:
    found = [expected(scene) for scene in relation_scenes]
    assert all(one["name_alone"] <= 0.5 for one in found)
    assert np.mean([one["noun_alone"] for one in found]) < 0.45
    assert np.mean([one["color_alone"] for one in found]) < 0.35
    for scene in relation_scenes:
        target, *others = scene.objects
        assert scene.target == target.name
        names = [(placed.model.category, placed.model.color) for placed in others]
        assert 1 <= names.count((target.model.category, target.model.color)) <= 2
        assert len(scene.objects) == 5


def test_every_instruction_means_its_target_and_nothing_else(noun_scenes, relation_scenes) -> None:
    for scene in (*noun_scenes, *relation_scenes):
        objects = [SceneObject.of(placed, CATALOGUE) for placed in scene.objects]
        assert means_alone(scene.instruction, scene.target, objects), scene.instruction


def kind_of(scene: Scene) -> str:
    """Read which kind of relation a scene's words use."""
    kinds = set()
    for reading in read(tokens(scene.instruction), Lexicon.of({})):
        kinds |= {"edge" if extreme in EDGES else "size" for extreme in reading.extremes}
        kinds |= {kind for relation in reading.relations for kind, ways in KINDS.items() if relation.way in ways}
    assert len(kinds) == 1, scene.instruction
    return kinds.pop()


def test_each_kind_of_relation_has_its_share(relation_scenes) -> None:
    shares = load_sets("grasping").sets["relation"].relations
    counts = Counter(map(kind_of, relation_scenes))
    for kind, share in shares.items():
        spread = 4 * np.sqrt(share * (1 - share) / COUNT)  # of 200 about 0.12
        assert counts[kind] / COUNT == pytest.approx(share, abs=spread), counts


def test_what_is_said_holds_plainly_and_of_no_other(relation_scenes) -> None:
    for scene in relation_scenes:
        spots = {placed.name: Spot.of(placed).center for placed in scene.objects}
        x, y = spots[scene.target]
        (reading, *_) = read(tokens(scene.instruction), Lexicon.of({}))
        of_its_noun = [placed for placed in scene.objects[1:] if same_noun(placed.model, scene.target_object.model)]
        fellows = [placed for placed in of_its_noun if not reading.colors or placed.model.color in reading.colors]
        others = [spots[placed.name] for placed in fellows]
        assert others, scene.instruction
        for extreme in reading.extremes:
            if extreme.startswith(("left", "right")):
                sign = 1 if extreme.startswith("left") else -1
                assert all(sign * (y - other[1]) >= PLAIN.lead for other in others), scene.instruction
            if extreme in ("nearest", "farthest"):
                sign = 1 if extreme == "farthest" else -1
                assert all(sign * (x - other[0]) >= PLAIN.depth for other in others), scene.instruction
            if extreme in ("biggest", "smallest"):
                sign = 1 if extreme == "biggest" else -1
                volume = np.log(np.prod(scene.target_object.model.size))
                rest = [np.log(np.prod(placed.model.size)) for placed in fellows]
                assert all(sign * (volume - other) >= np.log(1.99) for other in rest), scene.instruction


def test_words_change_nothing_else_and_a_seed_is_a_scene() -> None:
    for set_name in ("noun", "relation"):
        for seed in range(trials(4, 12)):
            first, again, unseen = (grasping_scene(set_name, seed, wording=w) for w in ("common", "common", "unseen"))
            assert first.instruction == again.instruction != unseen.instruction
            for other in (again, unseen):
                assert [p.name for p in other.objects] == [p.name for p in first.objects]
                for a, b in zip(first.objects, other.objects, strict=True):
                    assert a.model.size == b.model.size
                    np.testing.assert_array_equal(a.T_base_object, b.T_base_object)
            assert first.set_name == set_name


def test_generated_scenes_say_no_unseen_word() -> None:
    unseen = {part.strip() for phrase in family("unseen").said_of_places for part in re.split(r"\{\}s?", phrase)} - {""}
    for set_name in ("noun", "relation"):
        for seed in range(trials(5, 30)):
            scene = grasping_scene(set_name, seed, "generation")
            assert not [word for word in unseen if re.search(rf"\b{re.escape(word)}\b", scene.instruction)]
            objects = [SceneObject.of(placed, CATALOGUE) for placed in scene.objects]
            assert means_alone(scene.instruction, scene.target, objects), scene.instruction
    GenerationSettings(sets={"noun": 0.5, "relation": 0.5})


def test_a_target_may_be_asked_for() -> None:
    scene = grasping_scene("relation", 5, target="red mug", place="left")
    assert scene.target_object.model.category == "mug"
    assert scene.target_object.model.color == "red"
    assert Spot.of(scene.target_object).center[1] > 0.0
    assert grasping_scene("noun", 5, target="mug").target_object.model.category == "mug"


def test_too_few_things_of_a_colour_are_one_line() -> None:
    few = Catalogue(
        tuple(model for model in CATALOGUE.objects if model.category in ("mug", "box", "ball")),
        CATALOGUE.splits, CATALOGUE.synonyms, procedural=True,
    )  # fmt: skip
    with pytest.raises(ConfigError, match="set 'noun' needs 6 categories of one colour, 'action' has fewer") as error:
        grasping_scene("noun", 0, objects=few)
    assert "\n" not in str(error.value)


def test_parts_and_other_tasks_have_no_such_sets() -> None:
    with pytest.raises(ConfigError, match="set 'noun' asks for a whole thing, not by a part"):
        EpisodeSettings(set_name="noun", by_part=True).check()
    assert not {"noun", "relation"} & load_sets("placing").sets.keys()
    with pytest.raises(ConfigError, match="unknown set 'relation'"):
        load_task("placing").check(SceneRequest("relation"))


def test_an_operator_is_told_what_tells_twins_apart() -> None:
    scene = grasping_scene("relation", 3)
    assert scene.instruction in load_task("grasping").prompts(scene)


@pytest.mark.parametrize(
    ("one", "several"), [("red mug", "red mugs"), ("brush", "brushes"), ("box", "boxes"), ("berry", "berries")]
)
def test_plurals(one: str, several: str) -> None:
    assert plural(one) == several


# What is drawn of the catalogue of today: a change of objects changes them, a change of sets or words must not.
OLD = 2524017334


def test_the_five_sets_are_as_they_were() -> None:
    lines = []
    for set_name in ("basic", "light", "background", "distractor", "height"):
        for seed in (0, 5):
            scene = grasping_scene(set_name, seed)
            lines.append(f"{set_name} {seed} {scene.instruction} {scene.table.height:.4f} {len(scene.lights)}")
            lines += [
                f"{placed.name} {np.round(placed.T_base_object[:3, 3], 3).tolist()} {placed.model.mass:.3f}"
                for placed in scene.objects
            ]
    assert zlib.crc32("\n".join(lines).encode()) == OLD

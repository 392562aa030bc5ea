# SPDX-License-Identifier: Apache-2.0
"""The judge finds what a sentence means by the scene's truth, and says so where it cannot."""

from __future__ import annotations

import dataclasses
import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_making.drawn_scene import grasping_scene
from slow_tests import trials

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.sim.referring.meaning import Meaning, meaning, object_name
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.relations import Spot
from vla_ros.sim.scenes.wording import FAMILIES, family

CATALOGUE = load_catalogue()


def stands(name: str, category: str, x: float, y: float, *, shape: str = "any", half: float = 0.04, tall: float = 0.1):
    """An object [m] that is called after its colour."""
    spot = Spot((x - half, y - half), (x + half, y + half))
    color = name.split("_")[0]
    return SceneObject(name, category, color, (), shape, spot, 2 * half, tall, 4 * half * half * tall)


LEFT, RIGHT = stands("blue_mug", "mug", 0.50, 0.20), stands("blue_mug_2", "mug", 0.50, -0.20, half=0.05)
HAMMER, BANANA = stands("yellow_hammer", "hammer", 0.45, 0.0), stands("yellow_banana", "banana", 0.60, 0.05)
BOX = stands("red_box", "box", 0.60, -0.22, tall=0.2)
SCENE = (LEFT, RIGHT, HAMMER, BANANA, BOX)


def meant(text: str, objects=SCENE) -> tuple[set[str], set[str]]:
    found = meaning(text, objects)
    return {item.name for item in found.named}, {item.name for item in found.open}


@pytest.mark.parametrize(
    ("stream", "wording", "categories", "sets"),
    [
        ("evaluation", "unseen", "action", ("basic", "distractor")),
        ("evaluation", "unseen", "grounding", ("distractor",)),
        ("evaluation", "unseen", "novel", ("distractor",)),
        ("evaluation", "common", "all", ("distractor",)),
        ("generation", "training", "action+grounding", ("basic", "distractor")),
    ],
)
def test_every_sentence_of_ours_means_its_scenes_target_alone(stream, wording, categories, sets):
    for set_name in sets:
        for seed in range(trials(20, 60)):
            scene = grasping_scene(set_name, seed, stream, categories, wording=wording)
            objects = [SceneObject.of(placed, CATALOGUE) for placed in scene.objects]
            assert meant(scene.instruction, objects) == ({scene.target}, set()), scene.instruction


@pytest.mark.parametrize("name", FAMILIES)
def test_every_word_of_every_family_is_known(name):
    words = family(name)
    for key, others in words.nouns.items():
        category, _, shape = key.partition("/")
        item = stands("red_thing", category, 0.5, 0.0, shape=shape or "any")
        for noun in others:
            for asking in set(words.asking):
                assert meant(asking.format(f"red {noun}"), [item]) == ({item.name}, set()), asking.format(noun)
    for color, others in words.colors.items():
        item = dataclasses.replace(LEFT, color=color)
        for other in others:
            assert meant(f"take the {other} mug", [item]) == ({item.name}, set()), other


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("lift the blue thing on the left", {LEFT}),
        ("the golden mallet", {HAMMER}),
        ("pick up the left mug", {LEFT}),
        ("take the mug on the right side of the table", {RIGHT}),
        ("the mug", {LEFT, RIGHT}),
        ("grab the mug that is closest to the box", {RIGHT}),
        ("the one next to the red box", {RIGHT}),
        ("the mug on the left of the hammer", {LEFT}),
        ("the nearest object", {HAMMER}),
        ("the biggest mug, please", {RIGHT}),
        ("the smaller blue one", {LEFT}),
        ("lift the tallest thing", {BOX}),
        ("take the mug, not the left one", {RIGHT}),
        ("the box instead of the mug", {BOX}),
        ("can you hand me the box", {BOX}),
        ("could you give me the bananna?", {BANANA}),
        ("pick up the shiny hammer", {HAMMER}),
        ("the blue", {LEFT, RIGHT}),
        ("Pick up the RED box!", {BOX}),
        # Every word is known, and it is not here: whatever is lifted is wrong.
        ("the green duck", set()),
        ("pick up the white mug", set()),
        ("the mug that is not blue", set()),
    ],
)
def test_what_is_understood_is_decided(text, named):
    assert meant(text) == ({item.name for item in named}, set())


@pytest.mark.parametrize(
    ("text", "open_"),
    [
        ("the cup", {LEFT, RIGHT}),  # to many people a mug is one
        ("the shiny mug", {LEFT, RIGHT}),
        ("the orange", {BOX}),  # a fruit, or what somebody calls orange
        ("the mug left of the duck", {LEFT, RIGHT}),
        ("the banana next to the box", {BANANA}),  # 20 cm apart: not what we call so, but whose word is it?
        ("the hammer behind the banana", {HAMMER}),
    ],
)
def test_what_people_may_see_otherwise_is_left_open(text, open_):
    assert meant(text) == (set(), {item.name for item in open_})


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("the tool for driving nails", "'driving'"),
        ("la banane jaune", "'banane'"),
        ("pick up the hairdryer", "'hairdryer'"),
        ("the mug my grandmother gave me", "'grandmother'"),
        ("don't take the mug", "'don'"),
        ("the mug and the box", "cannot read"),
        ("put the mug into the box", "'into'"),
        ("the second mug", "'second'"),
        ("the hammer by its handle", "'handle'"),
        ("the mug left", "cannot read"),
        ("", "cannot read"),
        ("?!", "cannot read"),
        ("🍌", "cannot read"),
        ("mug " * 500, "cannot read"),
    ],
)
def test_what_is_not_understood_leaves_everything_open_and_says_why(text, word):
    found = meaning(text, SCENE)
    assert (found.named, found.open) == ((), SCENE)
    assert found.doubt.startswith("the instruction was not understood by the judge")
    assert word in found.doubt


@settings(max_examples=60)
@given(st.lists(st.sampled_from("mug box left of the near red not one closest to zebra that is and in".split())))  # noqa: SIM905
def test_no_sentence_takes_long_or_breaks_it(words):
    begun = time.monotonic()
    found = meaning(" ".join(words), SCENE)
    assert time.monotonic() - begun < 2.0
    assert not set(found.named) & set(found.open)


def test_a_chain_of_places_does_not_take_for_ever():
    begun = time.monotonic()
    meaning("the mug" + " left of the mug" * 9 + " on the left", SCENE)
    assert time.monotonic() - begun < 2.0


def test_middling_places_are_nobodys_error():
    middle = stands("blue_mug_3", "mug", 0.50, 0.18)
    assert meant("the left mug", (LEFT, middle, RIGHT)) == (set(), {LEFT.name, middle.name})
    alone = (stands("blue_mug", "mug", 0.5, -0.2), HAMMER)
    assert meant("the mug on the right", alone) == ({"blue_mug"}, set())
    assert meant("the mug on the left", alone) == (set(), {"blue_mug"})


def test_objects_of_a_folder_are_called_by_their_own_words_and_their_colours_are_estimates():
    teapot, trophy = (
        stands("brown_teapot", "teapot", 0.5, 0.1, shape=""),
        stands("gray_cup", "cup", 0.5, -0.1, shape=""),
    )
    nouns = {"teapot": "teapot", "kettle": "teapot", "cup": "cup", "whisk": "whisk"}

    def meant_here(text: str) -> Meaning:
        return meaning(text, (teapot, trophy), nouns)

    assert meant_here("take the kettle") == Meaning((teapot,))
    assert meant_here("take the whisk") == Meaning(())  # in the folder, not in the scene
    assert meant_here("take the golden teapot").open == (teapot,)
    assert meant_here("take the jar").open == (teapot, trophy)  # a word of ours for what is not


def test_what_is_announced_is_what_is_read():
    scene = grasping_scene("distractor", 3)
    for placed in scene.objects:
        item = SceneObject.of(placed, CATALOGUE)
        back = SceneObject.read(json.loads(json.dumps(item.values())))
        assert (back.name, back.words, back.shape, back.description) == (
            item.name,
            item.words,
            item.shape,
            item.description,
        )
        assert back.spot is not None
        assert item.spot is not None
        assert back.spot.center == pytest.approx(item.spot.center, abs=1e-4)
        assert (back.length, back.height, back.volume) == pytest.approx(
            (item.length, item.height, item.volume), abs=1e-4
        )


def test_an_object_that_counts_must_be_there():
    assert object_name("red box", ["red_box", "blue_mug"]) == "red_box"
    with pytest.raises(ConfigError, match="success_object:=zebra: not in the scene, which holds red_box, blue_mug"):
        object_name("zebra", ["red_box", "blue_mug"])

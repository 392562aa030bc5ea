# SPDX-License-Identifier: Apache-2.0
"""What choosers who understand little expect, against counting in scenes and against a chooser who tries."""

import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from vla_ros.evaluation.choosers import chance, color_alone, expected, name_alone, noun_alone
from vla_ros.sim.scenes.scene import Scene


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [grasping_scene("distractor", seed, categories="grounding") for seed in range(20)]


def test_a_chooser_who_draws_by_colour_finds_what_is_expected(scenes: list[Scene]) -> None:
    rng, found, trials = np.random.default_rng(0), 0, 400
    for scene in scenes:
        of_color = [p.name for p in scene.objects if p.model.color == scene.target_object.model.color]
        found += sum(rng.choice(of_color, trials) == scene.target)
    expected = np.mean([color_alone(scene) for scene in scenes])
    assert found / (trials * len(scenes)) == pytest.approx(expected, abs=0.02)
    assert 0.3 < expected < 0.6  # two or more of five distractors share colour or category with the target


def test_chance_is_one_of_what_stands_there(scenes: list[Scene]) -> None:
    assert [chance(scene) * len(scene.objects) for scene in scenes] == [1.0] * len(scenes)


@pytest.mark.parametrize("words", ["common", "unseen"])
def test_other_words_for_a_colour_are_that_colour(words: str) -> None:
    for seed in range(12):
        scene = grasping_scene("distractor", seed, wording=words)
        alike = sum(p.model.color == scene.target_object.model.color for p in scene.objects)
        assert color_alone(scene) == 1 / alike, scene.instruction


def test_who_is_told_no_colour_draws_any(scenes: list[Scene]) -> None:
    scene = dataclasses.replace(scenes[0], instruction="pick up the coloured thing")
    assert color_alone(scene) == chance(scene)


def test_what_another_thing_is_called_is_not_what_is_asked_for() -> None:
    scene = grasping_scene("relation", 5, target="red mug")
    mugs = sum(placed.model.category == "mug" for placed in scene.objects)
    reds = sum(placed.model.color == "red" for placed in scene.objects)
    both = sum(placed.model.category == "mug" and placed.model.color == "red" for placed in scene.objects)
    for words, color, noun, name in (
        ("take the mug left of the red box", 1 / 5, 1 / mugs, 1 / mugs),
        ("take the red mug on the far side of the can", 1 / reds, 1 / mugs, 1 / both),
        ("take the smaller of the two red mugs", 1 / reds, 1 / mugs, 1 / both),
        ("take the red thing behind the mug", 1 / reds, 1 / 5, 1 / reds),
        ("take the leftmost thing", 1 / 5, 1 / 5, 1 / 5),
    ):
        asked = dataclasses.replace(scene, instruction=words)
        assert (color_alone(asked), noun_alone(asked), name_alone(asked)) == (color, noun, name), words


def test_in_the_other_sets_colour_and_noun_answer() -> None:
    for seed in range(8):
        assert expected(grasping_scene("distractor", seed))["name_alone"] == 1.0

# SPDX-License-Identifier: Apache-2.0
"""Scenes that ask for the one of several around which they stand most densely."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from slow_tests import trials

from controllers.errors import ConfigError
from vla_ros.evaluation.choosers import expected
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.sim.referring.meaning import meaning, means_alone
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.relations import Spot, crowding
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.grasping.dense_scenes import FEWEST, LEAD

CATALOGUE = load_catalogue()
COUNT = trials(12, 100)


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [grasping_scene("dense", seed, wording=("common", "unseen")[seed % 2]) for seed in range(COUNT)]


def _middles(scene: Scene) -> np.ndarray:
    low, high = (np.array([getattr(Spot.of(one), end) for one in scene.objects]) for end in ("low", "high"))
    return (low + high) / 2


def test_the_nearest_two_are_plainly_nearest_to_what_is_meant(scenes) -> None:
    for scene in scenes:
        middles = _middles(scene)
        apart = np.sort(np.linalg.norm(middles[:, None] - middles[None], axis=2), axis=1)
        mean = apart[:, 1:3].mean(axis=1)  # the first is itself
        assert scene.objects[0].name == scene.target
        assert (mean[1:] - mean[0] >= LEAD - 1e-9).all(), scene.instruction


def test_neither_name_nor_colour_tells_which(scenes) -> None:
    for scene in scenes:
        count = len(scene.objects)
        assert FEWEST <= count <= 6
        assert len({(one.model.category, one.model.color) for one in scene.objects}) == 1
        assert set(expected(scene).values()) == {1 / count}


def test_the_judge_reads_the_sentence_to_its_end_and_means_that_one(scenes) -> None:
    for scene in scenes:
        objects = [SceneObject.of(one, CATALOGUE) for one in scene.objects]
        assert "from the densest spot" in scene.instruction
        assert means_alone(scene.instruction, scene.target, objects), scene.instruction


def test_the_judge_knows_that_it_may_be_none_or_two(scenes) -> None:
    scene = scenes[0]
    objects = [SceneObject.of(one, CATALOGUE) for one in scene.objects]
    nowhere = [dataclasses.replace(one, spot=None) for one in objects]
    assert len(meaning(scene.instruction, nowhere).open) == len(objects)
    corners = [(0.4, 0.0), (0.5, 0.0), (0.4, 0.1), (0.5, 0.1)]  # of a square: as dense in each
    square = [
        dataclasses.replace(one, spot=Spot((x - 0.02, y - 0.02), (x + 0.02, y + 0.02)))
        for one, (x, y) in zip(objects[:4], corners, strict=True)
    ]
    meant = meaning(scene.instruction, square)
    assert not meant.named
    assert len(meant.open) == 4


def test_of_one_alone_and_of_two_all_stand_as_densely() -> None:
    here, there = Spot((0.0, 0.0), (0.1, 0.1)), Spot((0.3, 0.0), (0.4, 0.1))
    assert crowding(here, []) == 0.0
    assert crowding(here, [there]) == crowding(there, [here]) == pytest.approx(-0.3)


def test_the_same_seed_gives_the_same_scene_in_any_words() -> None:
    common, unseen = (grasping_scene("dense", 3, wording=wording) for wording in ("common", "unseen"))
    assert [one.name for one in common.objects] == [one.name for one in unseen.objects]
    np.testing.assert_array_equal(
        [one.T_base_object for one in common.objects], [one.T_base_object for one in unseen.objects]
    )


def test_a_category_is_asked_for_by_name() -> None:
    assert {one.model.category for one in grasping_scene("dense", 5, target="bottle").objects} == {"bottle"}
    with pytest.raises(ConfigError, match="unicorn"):
        grasping_scene("dense", 5, target="unicorn")

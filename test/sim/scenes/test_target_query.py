# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.sets import Area, load_sets
from vla_ros.sim.scenes.target_query import TargetQuery, part_of, read_query
from vla_ros.tasks.table import load_task

AREA = Area((0.5, 0.0), (0.4, 0.5))


@pytest.mark.parametrize(
    ("words", "query"),
    [
        ("red mug", TargetQuery("red", "mug")),
        ("mug", TargetQuery("", "mug")),
        ("blue box/tea", TargetQuery("blue", "box", "tea")),
        ("red", TargetQuery("red")),
        ("", TargetQuery()),
        ("paper cup", TargetQuery("", "paper_cup")),
    ],
)
def test_words_name_colour_category_and_shape(words, query):
    assert read_query(words) == query


@settings(max_examples=15)
@given(
    st.integers(0, 2**31 - 1),
    st.sampled_from(["mug", "blue mug", "red", "box/tea", "green banana"]),
    st.sampled_from(["", "near", "far left", "near right", "middle", "left"]),
    st.sampled_from(["evaluation", "generation"]),
)
def test_the_target_is_what_was_wished_where_it_was_wished(seed, target, place, stream):
    scene = grasping_scene("basic", seed, stream, "all", None, "common", target, place)
    again = grasping_scene("basic", seed, stream, "all", None, "common", target, place)
    query, model = read_query(target), scene.target_object.model
    assert query.category in ("", model.category)
    assert query.color in ("", model.color)
    assert not query.shape or model.name.endswith(query.shape)
    low, high = _box(part_of(load_sets("grasping").scene.area, place))
    # The outline's middle is what is placed; an object's own frame is within a few centimetres of it.
    position = scene.target_object.T_base_object[:2, 3]
    assert ((low - 0.1 <= position) & (position <= high + 0.1)).all()
    assert scene.instruction == again.instruction
    for one, other in zip(scene.objects, again.objects, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.T_base_object, other.T_base_object)


@pytest.mark.parametrize("seed", [1, 5])  # told by their size, which another shape's could have
def test_a_shape_that_somebody_names_is_the_target_of_a_relation(seed):
    scene = load_task("grasping").scene(SceneRequest("relation", seed, target="bottle/square"))
    assert scene.target_object.model.name == "bottle_square"


@pytest.mark.parametrize(
    ("task", "set_name", "target", "robot"),
    [
        *(("grasping", name, "mug/tall", "franka") for name in ("basic", "dense", "noun", "relation", "absent")),
        ("placing", "basic", "apple/round", "franka"),
        ("drawer", "basic", "apple/round", "franka"),
        ("handover", "basic", "spoon/table", "agilex"),
        ("bussing", "basic", "cup/paper", "bytemini"),
        ("bussing", "relation", "cup/paper", "bytemini"),
    ],
)
def test_in_evaluation_of_every_task_somebody_may_name_what_training_has(task, set_name, target, robot):
    model = target.replace("/", "_")
    assert model not in {one.name for one in load_catalogue().models("all", "evaluation")}
    scene = load_task(task).scene(SceneRequest(set_name, 3, target=target, robot=robot))
    assert model in {one.model.name for one in scene.objects}
    with pytest.raises(ConfigError, match="target 'apple/bare': unknown"):  # data have their own half
        load_task(task).scene(SceneRequest(set_name, 3, "generation", target="apple/bare", robot=robot))


def test_without_a_wish_every_scene_is_as_it_was():
    for seed in range(5):
        plain, empty = grasping_scene("basic", seed), grasping_scene("basic", seed, target="", place="")
        assert [o.name for o in plain.objects] == [o.name for o in empty.objects]
        np.testing.assert_array_equal(plain.target_object.T_base_object, empty.target_object.T_base_object)


def test_another_seed_is_another_scene_of_the_same_wish():
    places = {tuple(grasping_scene("basic", seed, target="red mug").target_object.T_base_object[:2, 3].round(3))
              for seed in range(4)}  # fmt: skip
    assert len(places) == 4


def test_the_four_quarters_cover_the_area_once():
    area = load_sets("grasping").scene.area
    quarters = [part_of(area, f"{x} {y}") for x in ("near", "far") for y in ("left", "right")]
    assert sum(np.prod(quarter.extent) for quarter in quarters) == pytest.approx(np.prod(area.extent))
    near_left = part_of(AREA, "near left")
    assert near_left == dataclasses.replace(near_left, center=(0.4, 0.125), extent=(0.2, 0.25))
    assert part_of(AREA, "far").center == (0.6, 0.0)
    assert part_of(AREA, "middle").extent == (0.2, 0.25)


def _box(area: Area) -> tuple[np.ndarray, np.ndarray]:
    center, extent = np.array(area.center), np.array(area.extent)
    return center - extent / 2, center + extent / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"target": "purple banana"}, "comes in green, yellow only"),
        ({"target": "mugg"}, "did you mean 'mug'"),
        ({"target": "box/te"}, "did you mean 'tea'"),
        ({"place": "lef"}, "did you mean 'left'"),
        ({"place": "near far"}, "near and far at once"),
    ],
)
def test_a_wish_that_cannot_be_is_one_line(arguments, message):
    with pytest.raises(ConfigError, match=message) as error:
        grasping_scene("basic", 0, categories="all", **arguments)
    assert "\n" not in str(error.value)

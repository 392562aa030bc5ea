# SPDX-License-Identifier: Apache-2.0
"""Which tasks of LIBERO are asked: all are in the file, each asked or with a reason, as the paper's tables have it."""

from __future__ import annotations

from itertools import pairwise

import pytest

from controllers.errors import ConfigError
from vla_ros.benchmarks.libero.settings import STATES, LiberoSettings
from vla_ros.benchmarks.libero.suites import (
    LiberoConfig,
    TaskEntry,
    asked,
    kind_of,
    load_entries,
    load_libero,
)

STANDARD = {"libero_object": 10, "libero_goal": 10, "libero_spatial": 10, "libero_10": 10, "libero_90": 90}
BASES = ("libero_object", "libero_goal", "libero_spatial", "libero_10")
PRO = {f"{base}_{variant}": 10 for base in BASES for variant in ("object", "swap", "task")}

# GraspVLA, Tables 10 to 12: what is asked, and how often.
PAPER = {
    "libero_goal": {"pick up the wine bottle": 2, "pick up the bowl": 4, "pick up the cream cheese box": 1},
    "libero_object": {
        "pick up the alphabet soup can": 1, "pick up the cream cheese box": 1, "pick up the milk": 1,
        "pick up the tomato sauce can": 1, "pick up the butter box": 1, "pick up the orange juice": 1,
        "pick up the chocolate pudding box": 1, "pick up the bbq sauce bottle": 1, "pick up the ketchup bottle": 1,
        "pick up the salad dressing bottle": 1,
    },
    "libero_10": {
        "pick up the moka pot": 2, "pick up the black bowl": 1, "pick up the alphabet soup can": 2,
        "pick up the cream cheese box": 1, "pick up the book": 1,
    },
}  # fmt: skip


def test_every_task_of_every_suite_is_there():
    assert {suite: len(tasks) for suite, tasks in load_entries().items()} == STANDARD | PRO


def test_what_is_asked_is_to_pick_one_thing_and_what_is_not_asked_has_a_reason():
    for suite, tasks in load_entries().items():
        for name, entry in tasks.items():
            assert entry.excluded or entry.say.startswith("pick up the "), (suite, name)
            assert len({kind_of(target) for target in entry.targets}) == (0 if entry.excluded else 1), (suite, name)


@pytest.mark.parametrize("suite", PAPER)
def test_the_papers_suites_are_asked_in_the_papers_words(suite):
    said: dict[str, int] = {}
    for task in asked(suite):
        if task.paper:
            said[task.say] = said.get(task.say, 0) + 1
    assert said == PAPER[suite]
    assert suite in load_libero().paper


def test_two_tasks_of_one_scene_are_told_apart_by_their_words():
    """Where several things of a kind stand in a scene, a sentence without a relation means all of them or the one."""
    for task in asked("libero_spatial"):
        assert any(word in task.say for word in (" between ", " next to ", " from ", " on ", " in ")), task


def test_every_target_has_a_class_that_holds_its_kind():
    config = load_libero()
    for suite in load_entries():
        for task in asked(suite):
            assert config.class_of(task.targets[0]) in config.classes, task


def test_an_objects_kind_is_its_name_without_the_number():
    assert kind_of("chefmate_8_frypan_1") == "chefmate_8_frypan"
    assert kind_of("basket") == "basket"


def test_an_unknown_suite_names_the_nearest():
    with pytest.raises(ConfigError, match="libero_object"):
        asked("libero_objekt")


@pytest.mark.parametrize(
    "values", [{}, {"say": "pick up the mug"}, {"say": "x", "targets": ("a",), "excluded": "y"}, {"targets": ("a",)}]
)
def test_a_task_is_asked_or_left_out(values):
    with pytest.raises(ConfigError, match="excluded"):
        TaskEntry(**values)


def test_a_kind_is_in_one_class():
    with pytest.raises(ConfigError, match="milk"):
        LiberoConfig({}, 42.5, 0.0, 1.0, 0.1, classes={"carton": ("milk",), "box": ("milk",)})


def test_the_cameras_look_where_training_looks():
    front, side = load_libero().scene_cameras
    for camera, target in ((front, (0.2, 0.0, 0.0)), (side, (0.5, 0.0, 0.1))):
        seen = camera.T_base_camera[:3, :3].T @ (target - camera.T_base_camera[:3, 3])
        assert abs(seen[:2]).max() < 1e-12  # on the optical axis
        assert seen[2] > 0.5
        assert camera.T_base_camera[2, 1] < 0.0  # down in the picture is down
    assert front.T_base_camera[:3, 3].tolist() == [1.35, 0.0, 0.54]
    assert side.T_base_camera[:3, 3].tolist() == [0.5, 0.69, 0.5]


def test_episodes_go_round_the_tasks_and_each_is_another_scene():
    settings = LiberoSettings("libero_goal", seed=3, episodes=20)
    pairs = [(task.name, state) for task, state in map(settings.episode, settings.seeds)]
    assert len(set(pairs)) == 20
    assert sorted(settings.seeds) == list(range(3, 23))
    changes = sum(one[0] != other[0] for one, other in pairwise(pairs))
    assert changes == 6  # each of the seven tasks is loaded once


@pytest.mark.parametrize(("seed", "episodes"), [(-1, 5), (0, 0), (0, 7 * STATES + 1), (7 * STATES, 1)])
def test_episodes_that_are_not_there_are_refused(seed, episodes):
    with pytest.raises(ConfigError, match="0 to 349"):
        LiberoSettings("libero_goal", seed=seed, episodes=episodes).check()


def test_what_colour_alone_would_choose_is_beside_chance():
    config = load_libero()
    things = ["akita_black_bowl_1", "akita_black_bowl_2", "cookies_1", "plate_1"]
    bowl = next(iter(asked("libero_spatial")))
    assert config.color_alone(bowl, things) == 0.5
    milk = next(task for task in asked("libero_object") if task.targets == ("milk_1",))
    assert config.color_alone(milk, ["milk_1", "butter_1", "ketchup_1"]) == pytest.approx(1 / 3)
    mug = next(task for task in asked("libero_10") if task.say == "pick up the yellow and white mug")
    assert config.color_alone(mug, ["white_yellow_mug_1", "porcelain_mug_1"]) == 0.5  # both have white

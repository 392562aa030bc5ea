# SPDX-License-Identifier: Apache-2.0
"""Scenes of bussing: receptacles at either end, things between them, and what each set asks for."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.lying_size import lying_size
from vla_ros.policies.geometric.placing_language import split_placing
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.referring.meaning import meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.objects import same_name
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.tasks.announcement import announcement
from vla_ros.tasks.bussing.requests import BussingRequest, BussingWording, bussing_wording, meant, named, scene_requests
from vla_ros.tasks.bussing.task import Bussing
from vla_ros.tasks.bussing.things import BIN, BOX, TRAY, bussing_things, receptacles_of

TASK, ROBOT = Bussing(), load_embodiment("bytemini")
SEEDS = (500, 501, 502)  # the first has a box, the others have trays
FULL, SMALL = 513, 510  # ten things, and five


def draw(seed: int = 500, set_name: str = "basic", **more: str) -> Scene:
    return TASK.scene(SceneRequest(set_name=set_name, seed=seed, robot="bytemini", **more))


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [draw(seed) for seed in SEEDS]


def things(scene: Scene):
    return list(scene.objects[2:])


def described(scene: Scene) -> list[SceneObject]:
    catalogue = load_catalogue()
    return [SceneObject.of(one, catalogue) for one in scene.objects]


def test_no_hand_reaches_both_receptacles_from_one_place_of_the_base(scenes):
    for scene in scenes:
        ends = [one.T_base_object[:2, 3] for one in scene.objects[:2]]
        found = tuple(one.model.category for one in scene.objects[:2])
        assert found == receptacles_of(one.model.category for one in scene.objects)
        assert found in ((BIN, TRAY), (BIN, BOX))
        assert ends[0][1] * ends[1][1] < 0.0
        for arm in ROBOT.arms:
            assert arm.reach is not None
            away = [float(np.linalg.norm(end - np.array(arm.reach.axis))) for end in ends]
            assert not all(arm.reach.contains(one, scene.table.height + 0.2) for one in away)


def test_a_table_holds_five_to_ten_things_that_no_description_confuses(scenes):
    counts = set()
    for scene in (*scenes, draw(FULL), *(draw(seed, "distractor") for seed in (500, FULL, SMALL))):
        count = len(things(scene))
        counts.add(count)
        assert (7 if scene.set_name == "distractor" else 5) <= count <= 10
        models = [one.model for one in scene.objects]
        assert not any(same_name(a, b) for i, a in enumerate(models) for b in models[:i])
        assert all(bussing_things().fits(lying_size(one.model)) for one in things(scene))
        assert scene.target == ""
        half = scene.table.extent[1] / 2.0
        assert all(abs(one.T_base_object[1, 3] - scene.table.center[1]) < half for one in scene.objects)
    assert 10 in counts


def test_the_same_seed_is_the_same_scene(scenes):
    again = draw(scenes[0].seed)
    assert again.instruction == scenes[0].instruction
    for one, other in zip(scenes[0].objects, again.objects, strict=True):
        np.testing.assert_array_equal(one.T_base_object, other.T_base_object)


def test_the_whole_table_means_tableware_onto_the_tray_and_waste_into_the_bin(scenes):
    for scene in scenes:
        (request,) = scene_requests(scene)
        category = {one.name: one.model.category for one in scene.objects}
        assert set(request.goals) == {one.name for one in things(scene)}
        for thing, goal in request.goals.items():
            place = scene.objects[1].model.category
            assert category[goal] == (place if category[thing] in bussing_things().tableware else BIN)


@pytest.mark.parametrize("set_name", ["step_by_step", "other_goals"])
def test_one_thing_after_the_other_is_said_as_it_is_meant(set_name):
    scene, right = draw(501, set_name), scene_requests(draw(501))[0].goals
    requests = scene_requests(scene)
    assert len(requests) == bussing_things().steps
    # Who reads the sentences alone comes to the same things and places.
    read = meant(scene.instruction + " ", described(scene), {}, ())
    assert [dict(one.goals) for one in read] == [dict(one.goals) for one in requests]
    for request in requests:
        ((thing, goal),) = request.goals.items()
        assert (goal == right[thing]) == (set_name == "step_by_step")


def test_what_is_not_there_is_asked_for_and_means_nothing():
    for seed in SEEDS:
        scene = draw(seed, "invalid")
        (request,) = scene_requests(scene)
        assert not request.goals
        assert split_placing(scene.instruction) is not None
        (read,) = meant(scene.instruction + " ", described(scene), {}, ())
        assert not read.goals


def test_novel_things_are_of_categories_that_no_demonstration_holds():
    splits = load_catalogue().splits
    assert {splits[one.model.category] for one in things(draw(500, "novel"))} == {"action", "grounding"}
    assert {splits[one.model.category] for one in things(draw(500))} == {"action"}


def test_words_that_no_data_holds_are_for_evaluation_alone():
    family = bussing_wording().whole
    assert draw(502, wording="unseen").instruction in family["unseen"]
    with pytest.raises(ConfigError, match="would spoil the test"):
        draw(502, stream="generation", wording="unseen")
    with pytest.raises(ConfigError, match="is unseen, and another family says it"):
        BussingWording({**family, "unseen": family["common"][:1]})


def test_a_whole_table_is_understood_in_the_words_of_any_family(scenes):
    (own,) = scene_requests(scenes[0])
    for family in bussing_wording().whole:
        for sentence in bussing_wording().sentences(family, BOX):
            (read,) = meant(f"{sentence.capitalize()}.", described(scenes[0]), {}, ())
            assert read.goals == own.goals


def test_a_fork_is_put_into_the_box_as_told_and_no_carton_stands_beside_one():
    scene = draw(500, "step_by_step")
    fork = next(one for one in scene_requests(scene) if "fork" in one.sentence)
    box = scene.objects[1]
    assert fork.sentence == f"put the red fork into the {box.model.color} box"
    assert fork.goals == {"red_fork": box.name}
    (read,) = meant("put the red fork into the box", described(scene), {}, ())
    assert read.goals == fork.goals
    (swapped,) = (one for one in scene_requests(draw(500, "other_goals")) if "fork" in one.sentence)
    assert set(swapped.goals.values()) == {scene.objects[0].name}
    with_box = 0
    for seed in range(500, 530):
        scene = draw(seed)
        _, place, *rest = (one.model.category for one in scene.objects)
        with_box += place == BOX
        assert place == TRAY or BOX not in rest
        assert place != TRAY or "box" not in scene.instruction
    assert 5 <= with_box <= 16  # 10.5 of 30 are due
    # Beside a tray a carton is waste like any other.
    carton = draw(509, "basic")
    goals, names = scene_requests(carton)[0].goals, {one.name: one.model.category for one in carton.objects}
    assert all(names[goals[name]] == BIN for name, category in names.items() if category == BOX and name in goals)


def test_a_sentence_of_the_whole_table_names_the_receptacle_that_is_there():
    for seed, place in ((504, "into the box"), (519, "onto the tray")):
        scene = draw(seed)
        assert f"tableware {place}" in scene.instruction
        assert place in TASK.prompts(scene)[0]


def test_what_the_task_has_not_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="drives sideways and a gripper, which robot 'franka' has not"):
        TASK.check(SceneRequest(robot="franka"))
    with pytest.raises(ConfigError, match="place: bussing puts a receptacle at either end"):
        TASK.check(SceneRequest(robot="bytemini", place="left"))
    with pytest.raises(ConfigError, match="everything on the table counts"):
        TASK.check_target("red_mug", draw())
    TASK.check(SceneRequest(robot="bytemini", set_name="distractor"))


def test_a_relation_means_the_first_of_several_of_its_name_alone():
    for seed in range(500, 512):
        scene = draw(seed, "relation")
        first, *others = things(scene)
        (request,) = scene_requests(scene)
        (goal,) = request.goals.values()
        assert request == BussingRequest(scene.instruction, {first.name: goal})
        assert goal in [one.name for one in scene.objects[:2]]
        assert any(same_name(first.model, other.model) for other in others)
        # The judge reads the words as a person would, the receptacles among what stands there.
        phrases = split_placing(scene.instruction)
        assert phrases is not None
        nouns = announcement(TASK, scene)["nouns"]
        found = meaning(named(phrases.thing), described(scene), nouns).named
        assert [one.name for one in found] == [first.name]
        again = TASK.scene(SceneRequest(set_name="relation", seed=seed, robot="bytemini", wording="unseen"))
        assert [one.name for one in again.objects] == [one.name for one in scene.objects]  # words change no scene


def test_unseen_environments_and_things_change_nothing_else():
    usual, unseen, novel = (draw(500, name) for name in ("step_by_step", "step_by_step_unseen", "step_by_step_novel"))
    assert unseen.instruction == usual.instruction
    assert unseen.table.surface != usual.table.surface
    names = {one.model.category for one in things(novel)}
    assert names & set(bussing_things().novel_bin)
    assert len(scene_requests(novel)) == bussing_things().steps
    for name in ("step_by_step_unseen", "step_by_step_novel", "relation"):
        assert scene_requests(draw(501, name))

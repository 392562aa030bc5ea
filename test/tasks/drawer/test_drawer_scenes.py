# SPDX-License-Identifier: Apache-2.0
"""Scenes of the drawer task: a cabinet in reach, a thing that fits its drawers, words that name one of them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import load_catalogue
from vla_ros.objects.fixtures import drawer_cabinet
from vla_ros.objects.geometry import convex_polygon, polygon_gap, surface_points
from vla_ros.objects.lying_size import lying_size
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.referring.meaning import meaning
from vla_ros.sim.referring.scene_object import SceneObject
from vla_ros.sim.scenes.objects import same_name
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import Scene
from vla_ros.sim.world import World
from vla_ros.tasks.drawer.cabinets import cabinet_ranges, fits
from vla_ros.tasks.drawer.drawers import asked_drawer, drawers_of, scene_drawers
from vla_ros.tasks.drawer.instructions import meant_drawers, thing_phrase
from vla_ros.tasks.drawer.task import PuttingAway

TASK, ROBOT = PuttingAway(), load_embodiment("franka")
SEEDS = range(700, 716)


def announced(scene: Scene) -> list[SceneObject]:
    return [SceneObject.of(placed, load_catalogue()) for placed in scene.objects]


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [TASK.scene(SceneRequest(seed=seed)) for seed in SEEDS]


def grid(rows: int, columns: int) -> PlacedFixture:
    size = (0.22, 0.2 * columns, 0.1 * rows + 0.02)
    model = drawer_cabinet("cabinet", "brown", np.random.default_rng(0), size, rows, columns)
    return PlacedFixture("cabinet", model, np.eye(4))


def test_the_same_seed_is_the_same_scene_and_every_set_has_it(scenes):
    for scene in scenes[:3]:
        for name in ("basic", "light"):
            again = TASK.scene(SceneRequest(seed=scene.seed, set_name=name))
            assert (again.instruction, again.target, again.goal) == (scene.instruction, scene.target, scene.goal)
            placed, other = scene.fixtures[0], again.fixtures[0]
            np.testing.assert_array_equal(placed.T_base_fixture, other.T_base_fixture)
            assert placed.model.color == other.model.color


def test_scenes_differ_in_cabinet_drawer_thing_and_words(scenes):
    assert len({len(scene.fixtures[0].model.links) for scene in scenes}) >= 3
    assert len({asked_drawer(scene).place for scene in scenes}) >= 4
    assert len({scene.fixtures[0].model.color for scene in scenes}) >= 3
    assert len({scene.target_object.model.category for scene in scenes}) >= 4
    assert len({scene.instruction.split()[0] for scene in scenes}) >= 3
    assert len({bool(scene.fixtures[0].T_base_fixture[1, 3] > 0) for scene in scenes}) == 2


def test_the_instruction_names_one_thing_and_one_drawer(scenes):
    for scene in scenes:
        drawer, thing = asked_drawer(scene), scene.target_object.model
        assert [one.joint for one in meant_drawers(scene.instruction, scene_drawers(scene))] == [drawer.joint]
        assert thing.color in thing_phrase(scene.instruction)
        assert not any(same_name(thing, one.model) for one in scene.objects if one.name != scene.target)


@pytest.mark.parametrize("family", ["common", "training", "unseen"])
def test_every_sentence_is_read_as_it_is_meant(family):
    stream = "generation" if family == "training" else "evaluation"
    said = set()
    for seed in range(20):
        scene = TASK.scene(SceneRequest(seed=seed, stream=stream, wording=family))
        said.add(scene.instruction.split()[0])
        assert [one.joint for one in meant_drawers(scene.instruction, scene_drawers(scene))] == [scene.goal]
        said_of_thing = meaning(thing_phrase(scene.instruction), announced(scene))
        assert [item.name for item in said_of_thing.named] == [scene.target], scene.instruction
    assert len(said) > 2


def test_the_thing_fits_every_drawer_and_nothing_stands_before_them(scenes):
    for scene in scenes:
        (placed,) = scene.fixtures
        assert fits(placed.model, lying_size(scene.target_object.model))
        drawer = asked_drawer(scene)
        swept = [placed.T_base_fixture[:2, :2] @ (x, y) + placed.T_base_fixture[:2, 3]
                 for x, y in surface_points(placed.model.parts)[:, :2]]  # fmt: skip
        swept += [point + drawer.travel * drawer.outward[:2] for point in swept]
        for one in scene.objects:
            T = one.T_base_object
            outline = convex_polygon(surface_points(one.model.parts) @ T[:2, :3].T + T[:2, 3])
            assert polygon_gap(outline, convex_polygon(np.array(swept))) > 0.03


def test_the_asked_handle_has_nothing_above_it_and_is_in_reach(scenes):
    low, high = cabinet_ranges().distance
    for scene in scenes:
        drawer = asked_drawer(scene)
        handles = [one.handle for one in scene_drawers(scene)]
        assert drawer.handle[2] == pytest.approx(max(height for _, _, height in handles))
        assert low - 0.2 < np.linalg.norm(drawer.handle_at(0.0)[:2]) < high + 0.1
        assert drawer.outward @ drawer.handle_at(0.0) < 0.0  # it opens towards the robot


def test_a_drawer_has_the_place_that_a_person_at_the_robot_sees():
    assert [one.place for one in drawers_of(grid(1, 1))] == [""]
    assert [one.place for one in drawers_of(grid(3, 1))] == ["bottom", "middle", "top"]
    assert [one.place for one in drawers_of(grid(1, 2))] == ["left", "right"]
    four = drawers_of(grid(2, 2))
    assert [one.place for one in four] == ["bottom left", "bottom right", "top left", "top right"]
    assert four[2].handle_at(0.0)[1] > four[3].handle_at(0.0)[1]  # left is +y
    assert four[0].name == "bottom left drawer"


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ("put the red mug into the top drawer and close it", "the red mug"),
        ("open the left drawer, put the can left of the box in and close it", "the can left of the box"),
        ("The blue car must go in the drawer.", "the blue car"),
        ("open the drawer", None),
        ("close it", None),
    ],
)
def test_the_thing_is_what_is_no_drawer(text, thing):
    assert thing_phrase(text) == thing


def test_words_that_leave_it_open_mean_each_drawer_that_fits():
    four = drawers_of(grid(2, 2))
    assert [one.place for one in meant_drawers("the top drawer", four)] == ["top left", "top right"]
    assert [one.place for one in meant_drawers("its lower right drawer", four)] == ["bottom right"]
    assert len(meant_drawers("any drawer", four)) == 4
    assert meant_drawers("the middle drawer", four) == ()
    assert meant_drawers("the tray", four) == ()


def test_a_drawer_slides_out_of_its_case_and_walls_between_drawers_stand_still():
    scene = TASK.scene(SceneRequest(seed=700))
    fixture = dataclasses.replace(grid(2, 2), T_base_fixture=scene.fixtures[0].T_base_fixture)
    world = World(dataclasses.replace(scene, fixtures=(fixture,), goal="cabinet/drawer_3"), ROBOT, timestep=0.002)
    (top_left,) = (one for one in drawers_of(fixture) if one.joint == "cabinet/drawer_3")
    closed = {joint: world.joint_position(joint) for joint in fixture.joints}
    assert max(map(abs, closed.values())) < 1e-3
    world.data.joint("cabinet/drawer_3").qpos[0] = 0.15
    world.step(200)
    assert world.joint_position("cabinet/drawer_3") == pytest.approx(0.15, abs=2e-3)  # no wall pushes it
    assert all(abs(world.joint_position(j)) < 1e-3 for j in fixture.joints if j != "cabinet/drawer_3")
    moved = top_left.handle_at(0.15) - top_left.handle_at(0.0)
    np.testing.assert_allclose(moved, 0.15 * top_left.outward, atol=1e-9)
    world.close()


def test_a_requested_target_that_fits_no_drawer_is_one_line():
    with pytest.raises(ConfigError, match="bottle/wine"):
        TASK.scene(SceneRequest(seed=1, target="bottle/wine"))
    assert TASK.scene(SceneRequest(seed=1, target="red mug")).target == "red_mug"

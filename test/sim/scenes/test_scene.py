# SPDX-License-Identifier: Apache-2.0
"""Scenes follow from their arguments alone and keep what the sets promise."""

import dataclasses
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scene_making.drawn_scene import grasping_scene
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.objects.catalogue import half_of, load_catalogue
from vla_ros.objects.category import HALVES, categories
from vla_ros.objects.geometry import convex_polygon, polygon_gap, surface_points
from vla_ros.sim.scenes.objects import same_name
from vla_ros.sim.scenes.random_streams import ASPECTS, STREAMS, scene_generator
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.scenes.sets import SceneSet, load_sets
from vla_ros.sim.scenes.surfaces import PATTERNS

SETS = ("basic", "light", "background", "distractor", "height")
SEEDS = range(12)


def base_points(placed: PlacedObject) -> np.ndarray:
    """Surface points in the base frame (P, 3) [m]."""
    T = placed.T_base_object
    return surface_points(placed.model.parts) @ T[:3, :3].T + T[:3, 3]


def fingerprint(scene: Scene) -> list:
    poses = [(placed.name, placed.T_base_object.tobytes(), placed.model.mass) for placed in scene.objects]
    cameras = [(camera.T_base_camera.tobytes(), camera.T_base_camera_published.tobytes()) for camera in scene.cameras]
    return [poses, cameras, scene.instruction, scene.table, scene.walls, scene.lights, scene.arm_start]


@pytest.fixture(scope="module")
def scenes() -> dict[str, list[Scene]]:
    return {name: [grasping_scene(name, seed, categories="all") for seed in SEEDS] for name in SETS}


@settings(max_examples=8)
@given(st.sampled_from(SETS), st.integers(0, 2**63 - 1), st.sampled_from(sorted(STREAMS)))
def test_a_scene_is_a_function_of_its_arguments(name: str, seed: int, stream: str) -> None:
    assert fingerprint(grasping_scene(name, seed, stream)) == fingerprint(grasping_scene(name, seed, stream))


def test_streams_seeds_and_aspects_share_no_random_numbers() -> None:
    keys = [(stream, seed, aspect) for stream in STREAMS for seed in (0, 1, 2**32, 2**62) for aspect in ASPECTS]
    drawn = {tuple(scene_generator(*key).integers(2**63, size=2)) for key in keys}
    assert len(drawn) == len(keys)
    # Nor is one a shifted copy of another.
    evaluation = scene_generator("evaluation", 0, "objects").random(1000)
    generation = scene_generator("generation", 0, "objects").random(1000)
    assert not set(evaluation) & set(generation)


def test_the_streams_give_different_scenes_for_the_same_seed() -> None:
    for seed in range(3):
        evaluation, generation = (grasping_scene("basic", seed, stream) for stream in ("evaluation", "generation"))
        assert evaluation.table.height != generation.table.height
        assert evaluation.arm_start is None
        assert len(generation.arm_start) == 7


@pytest.mark.parametrize("name", SETS)
def test_the_target_alone_fits_its_description(scenes: dict, name: str) -> None:
    for scene in scenes[name]:
        target = scene.target_object.model
        for placed in scene.objects:
            if placed.name != scene.target:
                assert not same_name(placed.model, target)
        assert target.color in scene.instruction
        catalogue = load_catalogue()
        nouns = [
            target.category,
            *(word for word, category in catalogue.synonyms.items() if category == target.category),
        ]
        assert any(scene.instruction.removesuffix(" up").endswith(f"{target.color} {noun}") for noun in nouns)
        names = [placed.name for placed in scene.objects]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("name", SETS)
def test_objects_stand_apart_on_the_table_within_reach(scenes: dict, name: str) -> None:
    for scene in scenes[name]:
        outlines = [convex_polygon(base_points(placed)[:, :2]) for placed in scene.objects]
        for index, first in enumerate(outlines):
            for other, second in enumerate(outlines[:index]):
                assert polygon_gap(first, second) >= (0.035 if other == 0 else 0.012) - 1e-9
        for placed, outline in zip(scene.objects, outlines, strict=True):
            middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
            assert np.all(np.abs(middle - (0.5, 0.0)) <= (0.2001, 0.2501))
            assert np.linalg.norm(middle) <= 0.75
            assert base_points(placed)[:, 2].min() == pytest.approx(scene.table.height + 0.001, abs=1e-9)


@pytest.mark.parametrize("name", SETS)
def test_every_object_is_in_both_pictures(scenes: dict, name: str) -> None:
    for scene in scenes[name]:
        assert [camera.name for camera in scene.cameras] == ["front", "side"]
        for camera in scene.cameras:
            for placed in scene.objects:
                local = (base_points(placed) - camera.T_base_camera[:3, 3]) @ camera.T_base_camera[:3, :3]
                pixels = local @ camera.intrinsics.T
                pixels = pixels[:, :2] / pixels[:, 2:]
                assert (local[:, 2] > 0.1).all()
                assert ((pixels >= 0) & (pixels <= (639, 479))).all()


def test_cameras_are_table_7s_within_their_tolerance(scenes: dict) -> None:
    places = load_sets("grasping").scene.cameras
    for scene in scenes["basic"]:
        for camera in scene.cameras:
            position = camera.T_base_camera[:3, 3]
            assert np.linalg.norm(position - places[camera.name].position) <= 0.15
            to_target = np.asarray(places[camera.name].look_at) - position
            off = np.arccos(camera.T_base_camera[:3, 2] @ to_target / np.linalg.norm(to_target))
            assert np.degrees(off) <= 8.7  # ±5° about each of three axes
            assert camera.T_base_camera[2, 1] < -0.5  # y runs down
            assert camera.intrinsics[0, 0] == pytest.approx(617, abs=1)


def test_the_published_calibration_is_off_by_what_is_said(scenes: dict) -> None:
    errors = []
    for camera in (camera for scene in scenes["basic"] for camera in scene.cameras):
        error = np.linalg.inv(camera.T_base_camera) @ camera.T_base_camera_published
        shift = camera.T_base_camera_published[:3, 3] - camera.T_base_camera[:3, 3]
        assert np.linalg.norm(shift) == pytest.approx(0.002)
        assert np.degrees(Rotation.from_matrix(error[:3, :3]).magnitude()) == pytest.approx(0.3)
        errors.append(shift)
    assert np.linalg.norm(np.mean(errors, axis=0)) < 0.001  # in random directions


def test_basic_has_up_to_two_others_and_tables_of_all_heights(scenes: dict) -> None:
    counts = {len(scene.objects) for scene in scenes["basic"]}
    assert counts <= {1, 2, 3}
    assert len(counts) > 1
    heights = [scene.table.height for scene in scenes["basic"]]
    assert all(-0.1 <= height <= 0.2 for height in heights)
    assert np.ptp(heights) > 0.15


def test_light_and_background_change_only_the_looks(scenes: dict) -> None:
    for basic, light, background in zip(scenes["basic"], scenes["light"], scenes["background"], strict=True):
        for other in (light, background):
            assert [placed.name for placed in other.objects] == [placed.name for placed in basic.objects]
            for first, second in zip(basic.objects, other.objects, strict=True):
                np.testing.assert_array_equal(first.T_base_object, second.T_base_object)
        assert light.lights != basic.lights
        assert light.table == basic.table
        assert background.lights == basic.lights
        for surface in (background.table.surface, *background.walls):
            assert surface.pattern in PATTERNS["unseen"]
        assert basic.table.surface.pattern in PATTERNS["common"]


def test_no_pattern_is_in_both_families() -> None:
    assert not set(PATTERNS["common"]) & set(PATTERNS["unseen"])


def test_lights_differ_in_number_color_direction_and_strength(scenes: dict) -> None:
    lights = [scene.lights for scene in scenes["light"]]
    assert len({len(lamps) for lamps in lights}) >= 3
    assert max(np.ptp(lamp.diffuse) for lamps in lights for lamp in lamps) > 0.1
    assert np.ptp([sum(max(lamp.diffuse) for lamp in lamps) for lamps in lights]) > 0.3
    assert {lamp.directional for lamps in lights for lamp in lamps} == {True, False}


def test_distractors_are_five_of_which_two_resemble_the_target(scenes: dict) -> None:
    for basic, scene in zip(scenes["basic"], scenes["distractor"], strict=True):
        assert len(scene.objects) == len(basic.objects) + 5
        target = scene.target_object.model
        extra = [placed.model for placed in scene.objects[len(basic.objects) :]]
        alike = [model for model in extra if model.color == target.color or model.category == target.category]
        assert len(alike) >= 2


def test_the_higher_table_stands_above_any_that_data_has(scenes: dict) -> None:
    heights = [scene.table.height for scene in scenes["height"]]
    assert min(heights) >= 0.22
    assert max(heights) <= 0.30
    assert np.ptp(heights) > 0.03
    made = [grasping_scene(name, seed, "generation").table.height for name in SETS for seed in range(6)]
    assert max(made) <= 0.20


def test_strong_lamps_of_evaluation_are_in_no_generated_scene(scenes: dict) -> None:
    made = [grasping_scene("light", seed, "generation") for seed in range(12)]
    assert max(scene.ambient for scene in scenes["light"]) < min(scene.ambient for scene in made)

    def low(scene: Scene) -> list[float]:
        return [-lamp.direction[2] for lamp in scene.lights]

    assert max(max(low(scene)) for scene in scenes["light"]) < min(min(low(scene)) for scene in made)

    def deep(scene: Scene) -> list[float]:
        return [1.0 - min(lamp.diffuse) / max(lamp.diffuse) for lamp in scene.lights]

    assert min(min(deep(scene)) for scene in scenes["light"]) > max(max(deep(scene)) for scene in made)


def test_data_never_has_as_many_distractors_as_evaluation() -> None:
    for seed in range(4):
        counts = {
            stream: [len(grasping_scene(name, seed, stream).objects) for name in ("basic", "distractor")]
            for stream in STREAMS
        }
        assert counts["evaluation"][1] - counts["evaluation"][0] == 5
        assert counts["generation"][1] - counts["generation"][0] < 5


@pytest.mark.parametrize(("stream", "half"), sorted(HALVES.items()))
def test_a_stream_draws_from_its_own_half_alone(stream: str, half: str) -> None:
    for name in SETS:
        if name == "background" and stream == "generation":
            continue
        for seed in range(3):
            for placed in grasping_scene(name, seed, stream, categories="all").objects:
                model, own = placed.model, categories()[placed.model.category].half(half)
                assert half_of(model) == half
                assert model.color in own.colors


@pytest.mark.parametrize("split", ["action", "grounding", "novel"])
def test_a_split_has_its_own_categories_alone(split: str) -> None:
    allowed = {model.category for model in load_catalogue().models(split)}
    for seed in range(4):
        assert {
            placed.model.category for placed in grasping_scene("distractor", seed, categories=split).objects
        } <= allowed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"set_name": "basci"}, "unknown set 'basci': did you mean 'basic'"),
        ({"stream": "training"}, "unknown stream 'training'"),
        ({"categories": "held"}, "unknown categories 'held'"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
        ({"objects": "/nowhere/at/all"}, "no such folder"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        grasping_scene(**arguments)


@pytest.mark.parametrize(
    "change", [{"lights": "dim"}, {"surfaces": "new"}, {"extra": 2, "extra_alike": 3}, {"raise_table": 2.0}]
)
def test_a_wrong_set_is_refused(change: dict) -> None:
    with pytest.raises(ConfigError):
        dataclasses.replace(SceneSet(), **change)


def test_a_scene_travels_between_processes() -> None:
    scene = grasping_scene("distractor", 2)
    copy = pickle.loads(pickle.dumps(scene))
    assert fingerprint(copy) == fingerprint(scene)
    assert [tuple(placed.model.resting) for placed in copy.objects] == [tuple(p.model.resting) for p in scene.objects]

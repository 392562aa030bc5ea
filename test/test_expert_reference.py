# SPDX-License-Identifier: Apache-2.0
"""The cache of the expert's lengths: read back, and never used for a scene that is drawn differently."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.sim.expert_reference import Reference, load_reference, reference_path, save_reference, scene_digest
from vla_ros.sim.scene import PlacedObject, sample_scene


def test_round_trip(tmp_path: Path) -> None:
    reference = Reference({"basic/seen": {"0": (123, 48), "11": (5, None)}, "light/seen": {"2": (7, 60)}})
    path = tmp_path / "reference.json"
    save_reference(reference, path)
    assert load_reference(path).entries == reference.entries
    assert len(path.read_text().splitlines()) == 9


def test_a_known_scene_is_found_and_a_changed_one_is_not() -> None:
    scene = sample_scene("basic", 3)
    reference = Reference({"basic/seen": {"3": (scene_digest(scene), 52)}})
    assert reference.steps("basic", "seen", scene) == (True, 52)
    assert reference.steps("light", "seen", scene) == (False, None)
    assert reference.steps("basic", "seen", dataclasses.replace(scene, stream="generation")) == (False, None)
    first = scene.objects[0]
    T = first.T_base_object.copy()
    T[0, 3] += 0.01
    moved = dataclasses.replace(scene, objects=(PlacedObject(first.name, first.model, T), *scene.objects[1:]))
    assert reference.steps("basic", "seen", moved) == (False, None)


def test_an_expert_that_failed_is_known_to_have_failed() -> None:
    scene = sample_scene("basic", 3)
    reference = Reference({"basic/seen": {"3": (scene_digest(scene), None)}})
    assert reference.steps("basic", "seen", scene) == (True, None)


def test_digests_tell_scenes_apart_and_ignore_what_no_grasp_depends_on() -> None:
    scenes = [sample_scene("basic", seed) for seed in range(5)]
    assert len({scene_digest(scene) for scene in scenes}) == 5
    assert scene_digest(scenes[0]) == scene_digest(sample_scene("basic", 0))
    darker = dataclasses.replace(scenes[0], ambient=0.5 * scenes[0].ambient)
    assert scene_digest(darker) == scene_digest(scenes[0])
    tiny = scenes[0].objects[0].T_base_object + np.full((4, 4), 1e-9)
    noise = PlacedObject(scenes[0].objects[0].name, scenes[0].objects[0].model, tiny)
    nudged = dataclasses.replace(scenes[0], objects=(noise, *scenes[0].objects[1:]))
    assert scene_digest(nudged) == scene_digest(scenes[0])


@pytest.mark.parametrize("content", ["[]", '{"basic/seen": 3}', '{"basic/seen": {"0": [1]}}', "{"])
def test_a_damaged_cache_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "reference.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="restore it or delete it"):
        load_reference(path)


def test_no_cache_is_an_empty_one(tmp_path: Path) -> None:
    assert load_reference(tmp_path / "none.json").entries == {}


@pytest.mark.skipif(not reference_path().exists(), reason="the cache has not been made")
def test_the_shipped_cache_fits_the_scenes_of_today() -> None:
    reference = load_reference()
    for set_name in ("basic", "light", "background", "distractor", "height"):
        for seed in (0, 77, 199):
            known, steps = reference.steps(set_name, "seen", sample_scene(set_name, seed))
            assert known, f"{set_name}, seed {seed}: run python -m vla_ros.sim.reference_command"
            assert steps is None or 20 <= steps <= 600

# SPDX-License-Identifier: Apache-2.0
"""The cache of the expert's lengths: read back, and never used for a scene that is drawn differently."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from controllers.errors import ConfigError
from vla_ros.evaluation.expert_reference import (
    Reference,
    load_reference,
    save_reference,
    scene_digest,
)
from vla_ros.sim.scenes.scene import PlacedObject


def test_round_trip(tmp_path: Path) -> None:
    reference = Reference({123: 48, 7: None})
    path = tmp_path / "reference.json"
    save_reference(reference, path)
    assert load_reference(path=path).entries == reference.entries
    assert path.read_text() == '{\n"7": null,\n"123": 48\n}\n'


def test_a_known_scene_is_found_and_a_changed_one_is_not() -> None:
    scene = grasping_scene("basic", 3)
    reference = Reference({scene_digest(scene): 52})
    assert reference.knows(scene)
    assert reference.steps(scene) == 52
    first = scene.objects[0]
    T = first.T_base_object.copy()
    T[0, 3] += 0.01
    moved = dataclasses.replace(scene, objects=(PlacedObject(first.name, first.model, T), *scene.objects[1:]))
    assert not reference.knows(moved)
    assert not reference.knows(grasping_scene("height", 3))


def test_light_and_textures_make_no_other_scene() -> None:
    assert len({scene_digest(grasping_scene(name, 3)) for name in ("basic", "light", "background")}) == 1


def test_digests_tell_scenes_apart_and_ignore_what_no_grasp_depends_on() -> None:
    scenes = [grasping_scene("basic", seed) for seed in range(5)]
    assert len({scene_digest(scene) for scene in scenes}) == 5
    assert scene_digest(scenes[0]) == scene_digest(grasping_scene("basic", 0))
    darker = dataclasses.replace(scenes[0], ambient=0.5 * scenes[0].ambient)
    assert scene_digest(darker) == scene_digest(scenes[0])
    tiny = scenes[0].objects[0].T_base_object + np.full((4, 4), 1e-9)
    noise = PlacedObject(scenes[0].objects[0].name, scenes[0].objects[0].model, tiny)
    nudged = dataclasses.replace(scenes[0], objects=(noise, *scenes[0].objects[1:]))
    assert scene_digest(nudged) == scene_digest(scenes[0])


@pytest.mark.parametrize("content", ["[]", '{"12": "many"}', '{"basic": 3}', "{"])
def test_a_damaged_cache_is_one_line(tmp_path: Path, content: str) -> None:
    path = tmp_path / "reference.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="restore it or delete it"):
        load_reference(path=path)


def test_no_cache_is_an_empty_one(tmp_path: Path) -> None:
    assert load_reference(path=tmp_path / "none.json").entries == {}


def test_the_shipped_cache_fits_the_scenes_of_today() -> None:
    reference = load_reference()
    for set_name in ("basic", "light", "background", "distractor", "height"):
        for seed in (0, 77, 99):
            scene = grasping_scene(set_name, seed)
            assert reference.knows(scene), (
                f"{set_name}, seed {seed}: run python -m vla_ros.evaluation.reference_command"
            )
            steps = reference.steps(scene)
            assert steps is None or 20 <= steps <= 600

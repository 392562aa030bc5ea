# SPDX-License-Identifier: Apache-2.0
"""Placements by the network: asked as it was trained, in whatever frame the scene stands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")

from scipy.spatial.transform import Rotation
from tiny.gam import SIZES, random_network, write_scenes

from controllers.errors import ConfigError
from vla_ros.policies.gam.candidate_poses import matrix_of, moved, rows_of
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.encoded_look import scene_inputs
from vla_ros.policies.gam.observed_scene import SOURCE
from vla_ros.policies.gam.pick_motion import Pick
from vla_ros.policies.gam.placing import acting, proposed_placements
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.policies.gam.settings import GamSettings
from vla_ros.robots.tools.description import SUCTION
from vla_ros.robots.tools.named import load_tool
from vla_ros.training.gam.batches import scene_part
from vla_ros.training.gam.config import GamTraining
from vla_ros.training.gam.dataset import read_dataset

TOOL = load_tool("single_cup")
ANY = tuple(replace(one, limit=None) for one in criteria_of(PLACE))


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = write_scenes(tmp_path_factory.mktemp("placing") / "scenes", 1)
    tasks = read_dataset([folder], GamTraining(sizes=SIZES), lambda *_: None)
    return next(one for one in tasks if one.labelled.mode == PLACE)


@pytest.fixture(scope="module")
def network():
    return random_network(0.04)


def pick_of(task):
    """Return the pick behind placements, in the base frame."""
    return moved(rows_of(task.labelled.picked, task.rows[:1]), task.scene.observed.T_base_totes[SOURCE])


def places(network, scene, task, pick) -> np.ndarray:
    found = proposed_placements(network, scene, int(task.instances[0]), TOOL, pick, ANY, 6)
    assert len(found.positions) == 6
    return np.array([matrix_of(found, row) for row in range(6)])


def test_the_network_reads_what_it_read_in_training(task) -> None:
    interest = int(task.instances[0])
    learned = scene_part(task, interest, SIZES, len(TOOL.names), np.random.default_rng(3))
    pick = replace(pick_of(task), widths=np.array([0.05]))  # of fingers, which count nothing behind a placement
    asked = scene_inputs(SIZES, task.scene.observed, [interest], TOOL, PLACE, np.random.default_rng(3), pick)
    for name in ("images", "places", "points", "features", "points_there", "words", "picked"):
        np.testing.assert_allclose(getattr(asked, name)[0], learned[name], atol=1e-5, err_msg=name)


def test_placements_move_with_the_scene_and_depend_on_the_pick(task, network) -> None:
    scene, pick = task.scene.observed, pick_of(task)
    noise = np.random.default_rng(1).normal(0.0, 0.003, scene.points.shape)  # without it many are equally near
    scene = replace(scene, points=scene.points + noise)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_euler("z", 0.9).as_matrix(), (0.3, -0.2, 0.1)
    aside = replace(
        scene,
        points=scene.points @ T[:3, :3].T + T[:3, 3],
        places=scene.places @ T[:3, :3].T + T[:3, 3],
        T_base_totes=T @ scene.T_base_totes,
    )
    asked = [
        scene_inputs(SIZES, one, [int(task.instances[0])], TOOL, PLACE, np.random.default_rng(3), behind)
        for one, behind in ((scene, pick), (aside, moved(pick, T)))
    ]
    for name in ("places", "points", "picked"):
        np.testing.assert_allclose(getattr(asked[1], name), getattr(asked[0], name), atol=1e-4, err_msg=name)
    before = places(network, scene, task, pick)
    np.testing.assert_allclose(places(network, aside, task, moved(pick, T)), T @ before, atol=2e-3)
    other = places(network, scene, task, replace(pick, positions=pick.positions + 0.05))
    assert np.abs(other[:, None] - before).max(axis=(2, 3)).min() > 0.01  # whichever comes first
    with pytest.raises(ConfigError, match="needs the pick behind it"):
        scene_inputs(SIZES, scene, [0], TOOL, PLACE, np.random.default_rng(0))


def test_behind_a_placement_act_the_cups_that_the_pick_turned_on() -> None:
    tool = load_tool("hybrid")
    on, active = tool.cups[-1].name, np.full(len(tool.names), 0.9)
    active[: len(tool.cups)] = 0.1  # cups are the pick's, however unsure
    behind = acting(Pick(SUCTION, np.eye(4), {on: 0.0}), active, tool)
    assert [name for name, share in zip(tool.names, behind.active[0], strict=True) if share] == [
        on,
        *tool.names[len(tool.cups) :],
    ]


def test_weights_are_needed_by_whoever_asks_them() -> None:
    assert not GamSettings(proposes="analysis").asks_network
    assert GamSettings(proposes="analysis", places="actor").asks_network
    with pytest.raises(ConfigError, match="actor"):
        GamSettings(places="actr")

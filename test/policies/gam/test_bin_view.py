# SPDX-License-Identifier: Apache-2.0
"""What cameras above totes see: where totes stand, which pixels are one thing."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from controllers.errors import VlaError
from vla_ros.configuration import config_file, load_config
from vla_ros.objects.totes import ToteSize
from vla_ros.policies.gam.perception.bin_view import TotePlaces, observe_bins
from vla_ros.policies.gam.perception.cameras import CAMERAS
from vla_ros.policies.gam.perception.covering import covered
from vla_ros.policies.gam.perception.levelling import levelled
from vla_ros.policies.gam.perception.segmentation import segment
from vla_ros.policies.gam.perception.tote_fit import NominalTote, NoToteError, fit_tote, table_height
from vla_ros.policies.gam.settings import GamSettings
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.bins.contents import bin_totes
from vla_ros.tasks.bins.scenes import sample_bin
from vla_ros.training.candidates.observed import tote_places

ROBOT = "franka+seven_piston"


@pytest.fixture(scope="module")
def scene():
    return sample_bin(SceneRequest(seed=2, robot=ROBOT))


@pytest.fixture(scope="module")
def views(scene):
    world = World(scene, load_embodiment(ROBOT))
    yield {name: world.observe_camera(name) for name in CAMERAS}
    world.close()


def test_totes_are_found_where_they_stand(scene, views):
    seen = observe_bins(views, tote_places())
    for fixture, T in zip(scene.fixtures, (seen.T_base_source, seen.T_base_destination), strict=True):
        true = fixture.T_base_fixture
        assert np.linalg.norm(T[:2, 3] - true[:2, 3]) < 0.01  # 2 mm and 0.3° of calibration, at 0.9 m, among it
        assert abs(T[2, 3] - true[2, 3] - bin_totes().size.wall) < 0.006
        assert abs(np.arctan2(T[1, 0], T[0, 0]) - np.arctan2(true[1, 0], true[0, 0])) < np.radians(1.0)


def test_cameras_that_see_the_table_are_levelled_by_it(scene, views):
    totes = [tote_places().nominal(name) for name in ("source", "destination")]
    grid = np.array([(0.45 + x, 0.24 + y, z) for x in (-0.1, 0.1) for y in (-0.14, 0.14) for z in (0.0, 0.1)])
    tilted = {}
    for name, turn in (("source", (0.006, -0.004, 0.0)), ("aside", (-0.005, 0.005, 0.0))):
        T = scene.camera(name).T_base_camera.copy()
        T[:3, :3] = Rotation.from_rotvec(turn).as_matrix() @ T[:3, :3]
        tilted[name] = dataclasses.replace(views[name], T_base_camera=T)
    blind = dataclasses.replace(views["destination"], depth=np.zeros_like(views["destination"].depth))
    found = levelled({**tilted, "destination": blind}, totes)
    np.testing.assert_array_equal(found["destination"].T_base_camera, blind.T_base_camera)
    apart = {}
    for name in tilted:
        true = scene.camera(name).T_base_camera
        off, left = (
            grid @ M[:3, :3].T + M[:3, 3] - grid
            for M in (one[name].T_base_camera @ np.linalg.inv(true) for one in (tilted, found))
        )
        assert np.linalg.norm(off, axis=1).mean() > 0.004
        assert np.linalg.norm(left, axis=1).mean() < 0.002
        apart[name] = left[:, 2].mean()
    assert abs(apart["source"] - apart["aside"]) < 0.001


def test_a_border_is_covered_where_what_is_beside_it_is_higher():
    labels, heights = np.full((90, 120), -1, np.int16), np.zeros((90, 120))
    labels[20:70, 20:60], heights[20:70, 20:60] = 0, 0.05
    labels[20:70, 60:100], heights[20:70, 60:100] = 1, 0.08  # stands over all of the first's right side
    labels[5:8, 5:115] = 2  # too slim to have an inside
    heights[40:45, 30:35] = np.nan
    found = covered(labels, heights)
    assert set(found) == {0, 1}
    assert found[1] == 0.0
    assert 0.2 < found[0] < 0.35
    assert covered(labels, np.full_like(heights, np.nan)) == {}


def test_points_are_near_what_is_there_and_instances_are_things(scene, views):
    seen = observe_bins(views, tote_places(), 64, 80)
    assert seen.images.shape == (2, 64, 80, 3)
    assert seen.places.shape == (2, 64, 80, 3)
    things = seen.points[seen.instances >= 0]
    own = (things - seen.T_base_source[:3, 3]) @ seen.T_base_source[:3, :3]
    assert ToteSize().contains(own, -0.01).all()
    assert own[:, 2].min() > 0.0
    places = np.array([one.T_base_object[:3, 3] for one in scene.objects if one.name.startswith("source")])
    near = np.linalg.norm(things[:, None] - places[None], axis=2).min(axis=1)
    assert np.mean(near < 0.1) > 0.98  # no thing is longer than 17 cm
    count = seen.instances.max() + 1
    assert len(places) / 2 < count < 3 * len(places)


def test_two_blocks_are_two_and_what_is_printed_on_one_is_one():
    heights = np.zeros((80, 100), np.float32)
    color = np.full((80, 100, 3), (90, 90, 160), np.uint8)
    heights[20:60, 10:45], color[20:60, 10:45] = 0.05, (180, 120, 70)
    heights[20:60, 45:80], color[20:60, 45:80] = 0.08, (180, 120, 70)  # the same cardboard, 3 cm higher
    color[30:50, 15:35] = (250, 250, 250)  # a label on the first
    heights += np.random.default_rng(0).normal(0.0, 0.0005, heights.shape).astype(np.float32)
    labels = segment(color, heights, heights > 0.01)
    first, second = labels[25:55, 14:40], labels[25:55, 50:75]
    assert (labels[:15] == -1).all()
    assert np.mean(first == np.bincount(first[first >= 0].ravel()).argmax()) > 0.85
    assert np.mean(second == np.bincount(second[second >= 0].ravel()).argmax()) > 0.85
    assert np.bincount(first[first >= 0].ravel()).argmax() != np.bincount(second[second >= 0].ravel()).argmax()


@pytest.mark.parametrize(("rise", "things"), [(-1.0, 1), (1.0, 2)], ids=["ridge", "valley"])
def test_two_slopes_are_one_thing_where_they_meet_in_a_ridge_and_two_where_in_a_valley(rise, things):
    heights = np.zeros((80, 100), np.float32)
    color = np.full((80, 100, 3), (90, 90, 160), np.uint8)
    away = np.abs(np.arange(20, 80) - 50) * 0.0012  # [m], a pixel is 1.2 mm wide
    heights[20:60, 20:80] = 0.06 + rise * 0.6 * away
    color[20:60, 20:50], color[20:60, 50:80] = (180, 120, 70), (70, 140, 80)
    heights += np.random.default_rng(0).normal(0.0, 0.0005, heights.shape).astype(np.float32)
    labels = segment(color, heights, heights > 0.01)
    sides = [np.bincount(side[side >= 0].ravel()).argmax() for side in (labels[25:55, 24:46], labels[25:55, 54:76])]
    assert len(set(sides)) == things


def test_what_is_missing_is_named_in_one_line(views):
    with pytest.raises(VlaError, match="camera 'aside' gives no color and depth"):
        observe_bins({name: view for name, view in views.items() if name != "aside"}, tote_places())
    blind = {**views, "source": dataclasses.replace(views["source"], depth=None)}
    with pytest.raises(VlaError, match="camera 'source' gives no color and depth"):
        observe_bins(blind, tote_places())
    elsewhere = TotePlaces(ToteSize(), (0.45, 0.9), tote_places().destination)
    with pytest.raises(NoToteError, match=r"at \(0.45, 0.9\) m|no table"):
        observe_bins(views, elsewhere)
    with pytest.raises(NoToteError, match="no table is seen"):
        table_height(np.zeros((10, 3), np.float32))
    rim = np.zeros((100, 3), np.float32)
    with pytest.raises(NoToteError, match="0 points of its rim"):
        fit_tote(rim, 0.0, NominalTote(ToteSize(), (0.45, 0.24)), 0.01)


def test_the_policy_looks_where_scenes_have_their_totes():
    assert load_config(config_file("policies", "gam.yaml"), GamSettings).totes == tote_places()
    assert GamSettings().totes == tote_places()

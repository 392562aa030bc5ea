# SPDX-License-Identifier: Apache-2.0
"""Scenes of totes: what lies in them, where, and that a request alone decides."""

from __future__ import annotations

from pathlib import Path

import mujoco
import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.objects.bags import bag
from vla_ros.objects.catalogue import half_of, load_catalogue
from vla_ros.objects.totes import SOURCE, ToteSize, tote
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.world import World
from vla_ros.tasks.bins import dropping
from vla_ros.tasks.bins.contents import BinTotes, SizeRange, bin_totes, draw_things
from vla_ros.tasks.bins.dropping import drop
from vla_ros.tasks.bins.scenes import filled, in_tote, sample_bin
from vla_ros.tasks.table import load_task

ROBOT = "franka+seven_piston"


def test_a_scene_is_a_pure_function_of_its_request():
    first = sample_bin(SceneRequest(seed=3, robot=ROBOT))
    filled.cache_clear()  # or the same objects would be compared with themselves
    again = sample_bin(SceneRequest(seed=3, robot=ROBOT))
    assert [one.name for one in first.objects] == [one.name for one in again.objects]
    np.testing.assert_array_equal(
        [one.T_base_object for one in first.objects], [one.T_base_object for one in again.objects]
    )
    other = sample_bin(SceneRequest(seed=4, robot=ROBOT))
    assert [one.name for one in first.objects] != [one.name for one in other.objects]
    generated = sample_bin(SceneRequest(seed=3, robot=ROBOT, stream="generation"))
    assert [one.name for one in first.objects] != [one.name for one in generated.objects]


def test_dropped_things_lie_between_the_walls_and_the_same_things_lie_the_same():
    rng = np.random.default_rng(0)
    size, model = ToteSize(), tote("tote", "blue", rng)
    things = draw_things(6, "evaluation", False, rng, load_catalogue())
    lying = drop(things, model, size, np.random.default_rng(1), above_rim=0.03)
    assert len(lying) >= 4
    for number, T in lying:
        assert size.contains(T[None, :3, 3])[0]
        assert 0.0 < T[2, 3] < size.inside[2] + 0.1
        assert np.linalg.det(T[:3, :3]) == pytest.approx(1.0)
        assert 0 <= number < len(things)
    again = drop(things, model, size, np.random.default_rng(1), above_rim=0.03)
    assert [number for number, _ in again] == [number for number, _ in lying]
    np.testing.assert_array_equal([T for _, T in again], [T for _, T in lying])


@pytest.mark.parametrize("seed", [1002, 1006, 1010])  # of which things were 15 to 50 mm in one another
def test_nothing_lies_in_another_thing(seed):
    scene = in_tote(sample_bin(SceneRequest(seed=seed, robot=ROBOT)), SOURCE)
    world = World(scene, load_embodiment(ROBOT), timestep=0.002)
    try:
        assert world.data.ncon > 2 * len(scene.objects)
        assert world.data.contact.dist.min() > -0.004
    finally:
        world.close()


def test_what_waits_to_be_dropped_does_not_fall_meanwhile():
    rng = np.random.default_rng(0)
    things = draw_things(4, "evaluation", False, rng, load_catalogue())
    model = dropping.waiting_model(things, tote("tote", "blue", rng))
    data = mujoco.MjData(model)
    mujoco.mj_step(model, data, 500)
    assert np.abs(data.qvel).max() < 1e-6


def test_things_of_evaluation_are_of_the_half_that_no_scene_of_training_has():
    rng = np.random.default_rng(0)
    for stream, half in (("evaluation", "evaluation"), ("generation", "training")):
        known = [
            one
            for one in draw_things(40, stream, False, rng, load_catalogue())
            if one.category not in ("parcel", "bag")
        ]
        assert known
        assert {half_of(one) for one in known} == {half}


def test_a_bag_is_closed_and_as_large_as_it_is_told():
    model = bag("bag", "red", np.random.default_rng(0), (0.15, 0.12, 0.04), 0.2)
    _, drawn = model.parts
    assert np.allclose(model.size, (0.15, 0.12, 0.04), atol=0.012)
    faces = drawn.mesh.faces
    edges = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    _, counts = np.unique(edges, axis=0, return_counts=True)
    assert (counts == 2).all()  # every edge has two faces: it is closed
    corners = drawn.mesh.vertices[faces]
    volume = np.einsum("fi,fi->f", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6.0
    assert 0.3 * 0.15 * 0.12 * 0.04 < volume < 0.15 * 0.12 * 0.04  # and its faces look outwards


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"things": (9, 5)}, "things must be an increasing range"),
        ({"shares": {"bottle": 1.0}}, "unknown share 'bottle'"),
        ({"shares": {"box": 0.0}}, "shares must name what is drawn"),
        ({"heaviest": 0.0}, "widest and heaviest above 0"),
    ],
)
def test_contents_that_cannot_be_are_refused_in_one_line(changes, reason):
    with pytest.raises(ConfigError, match=reason) as raised:
        BinTotes(**{**vars(bin_totes()), **changes})
    assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError, match="low must be above 0"):
        SizeRange((0.0, 0.1, 0.1), (0.1, 0.1, 0.1), (1.0, 2.0))
    with pytest.raises(ConfigError, match="above 0 m"):
        ToteSize((0.0, 0.1, 0.1))


def test_objects_of_a_folder_lie_among_boxes_and_bags(tmp_path):
    own = Path(__file__).parents[2] / "assets/objects"
    request = SceneRequest(seed=1, robot=ROBOT, objects=own)
    load_task("bin_pick").check(request)
    scene = sample_bin(request)
    assert [one.name for one in scene.objects] == [one.name for one in sample_bin(request).objects]
    theirs = [one for one in scene.objects if one.model in load_catalogue(own).objects]
    assert 0 < len(theirs) < len(scene.objects)
    for file in (one for one in own.iterdir() if one.is_file()):
        text = file.read_text() + "scale: 3\n" if file.suffix == ".yaml" else None
        (tmp_path / file.name).write_bytes(file.read_bytes() if text is None else text.encode())
    with pytest.raises(ConfigError, match=r"none of the 2 objects is at most 0\.\d+ m long"):
        load_task("bin_pick").check(SceneRequest(robot=ROBOT, objects=tmp_path))

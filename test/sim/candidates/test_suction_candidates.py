# SPDX-License-Identifier: Apache-2.0
import dataclasses

import mujoco
import numpy as np
import pytest
from scene_making.objects_on_table import box, mixed_scene, scene_of

from controllers.errors import ConfigError
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.robots.tools.description import SUCTION, Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.cup_contacts import cup_contacts
from vla_ros.sim.candidates.labels import Labels, label
from vla_ros.sim.candidates.still_scene import StillScene, placed_data, still_spec
from vla_ros.sim.candidates.suction_sampler import suction_candidates
from vla_ros.sim.suction.lip_rays import LipRays

TOP = 0.08  # [m] of the boxes
BRICK = box("brick", (0.06, 0.05, TOP / 2), (0.5, 0.0))
DOWN = np.diag([1.0, -1.0, -1.0])
NAMES = [criterion.name for criterion in criteria_of(SUCTION)]


def above(tool: Tool, places: list[tuple[float, float]], cups: list[int], height: float = TOP + 0.005) -> Candidates:
    """Return candidates that look down, their tools' axes over places [m], with some cups on."""
    count = len(places)
    active = np.zeros((count, len(tool.names)))
    active[:, cups] = 1.0
    positions = np.column_stack([np.array(places), np.full(count, height)])
    nothing = np.full(count, np.nan)
    return Candidates(positions, np.tile(DOWN, (count, 1, 1)), active, nothing, nothing)


def scores(labels: Labels, row: int = 0) -> dict[str, float]:
    return dict(zip(NAMES, labels.scores[row].tolist(), strict=True))


@pytest.fixture(scope="module")
def seven() -> Tool:
    return load_tool("seven_piston")


def test_a_flat_top_is_a_success_and_its_edge_is_not(seven) -> None:
    still = StillScene.of(scene_of([BRICK]))
    labels = label(still, seven, SUCTION, above(seven, [(0.5, 0.0), (0.555, 0.0)], [0]), np.zeros(2, int))
    middle, edge = scores(labels, 0), scores(labels, 1)
    assert middle["seal"] > 0.8
    assert middle["flatness"] > 0.95
    assert middle["centre_distance"] > 0.99
    assert middle["active_cups"] == pytest.approx(1 / 7)
    assert middle["single_object"] == 1.0
    assert middle["collision"] == 0.0
    assert edge["seal"] == 0.0
    assert edge["centre_distance"] == pytest.approx(1 - 0.055 / 0.06, abs=0.03)
    assert edge["collision"] == 0.0
    assert labels.success.tolist() == [True, False]


def test_a_taller_neighbour_is_hit(seven) -> None:
    neighbour = box("tower", (0.03, 0.05, 0.08), (0.591, 0.0))  # begins 61 mm from the brick's middle, tool: 62 mm
    still = StillScene.of(scene_of([BRICK, neighbour]))
    beside, clear = (above(seven, [place], [0]) for place in ((0.5, 0.0), (0.485, 0.0)))
    hit = label(still, seven, SUCTION, beside, np.array([0]))
    assert scores(hit)["collision"] == 1.0
    assert scores(hit)["seal"] > 0.8
    assert not hit.success[0]
    assert label(still, seven, SUCTION, clear, np.array([0])).success[0]


def test_the_table_is_hit_by_a_tool_that_goes_too_deep(seven) -> None:
    still = StillScene.of(scene_of([box("sheet", (0.02, 0.02, 0.002), (0.5, 0.0))]))
    deep, right = (above(seven, [(0.5, 0.0)], [0], height) for height in (-0.01, 0.012))
    assert scores(label(still, seven, SUCTION, deep, np.array([0])))["collision"] == 1.0
    assert label(still, seven, SUCTION, right, np.array([0])).success[0]


def test_a_heavy_thing_needs_more_cups(seven) -> None:
    # One cup: 60 kPa × 7.1 cm² = 42 N. 1.5 · m (9.81 + 5) m/s² is beyond it from 1.9 kg on.
    still = StillScene.of(scene_of([box("block", (0.08, 0.08, TOP / 2), (0.5, 0.0), mass=2.5)]))
    one, all_of_them = (above(seven, [(0.5, 0.0)], cups) for cups in ([0], list(range(7))))
    labels = label(still, seven, SUCTION, one, np.array([0]))
    assert scores(labels)["seal"] > 0.8
    assert not labels.success[0]
    assert label(still, seven, SUCTION, all_of_them, np.array([0])).success[0]


def test_a_cup_over_two_things_touches_both_and_does_not_seal(seven) -> None:
    still = StillScene.of(scene_of([BRICK, box("twin", (0.06, 0.05, TOP / 2), (0.6201, 0.0))]))
    labels = label(still, seven, SUCTION, above(seven, [(0.56, 0.0), (0.5, 0.0)], [0]), np.zeros(2, int))
    assert scores(labels, 0)["single_object"] == 0.0
    assert scores(labels, 0)["seal"] == 0.0
    assert scores(labels, 1)["single_object"] == 1.0
    other = label(still, seven, SUCTION, above(seven, [(0.5, 0.0)], [0]), np.array([1]))  # meant the twin
    assert scores(other)["single_object"] == 0.0
    assert not other.success[0]


def test_pistons_reach_what_rigid_cups_do_not(seven) -> None:
    rigid = load_tool("quad_cup")
    still = StillScene.of(scene_of([BRICK]))
    height = TOP + 0.02
    assert label(still, seven, SUCTION, above(seven, [(0.5, 0.0)], [0], height), np.array([0])).success[0]
    far = label(still, rigid, SUCTION, above(rigid, [(0.5, 0.0)], [0, 1, 2, 3], height), np.array([0]))
    assert scores(far)["active_cups"] == 0.0
    assert scores(far)["single_object"] == 0.0
    near = label(still, rigid, SUCTION, above(rigid, [(0.5, 0.0)], [0, 1, 2, 3], TOP), np.array([0]))
    assert scores(near)["active_cups"] == 1.0


@pytest.mark.parametrize("name", ["seven_piston", "hybrid", "single_cup"])
def test_candidates_are_good_and_bad_ones(name) -> None:
    tool = load_tool(name)
    boxes = [BRICK, box("flat", (0.05, 0.04, 0.02), (0.5, 0.14)), box("stone", (0.05, 0.05, 0.05), (0.64, 0.02), 4.0)]
    for scene, least in ((scene_of(boxes), 0.1), (mixed_scene(), 0.0)):
        still = StillScene.of(scene)
        candidates, objects = suction_candidates(still, tool, 400, np.random.default_rng(1))
        labels = label(still, tool, SUCTION, candidates, objects)
        assert set(objects) == set(range(len(still.names)))
        assert labels.scores.dtype == np.float32
        assert ((labels.scores >= 0.0) & (labels.scores <= 1.0)).all()
        for column in ("collision", "single_object"):
            assert 0.01 < labels.scores[:, NAMES.index(column)].mean() < 0.99, column
        for column in ("centre_distance", "flatness"):
            assert np.std(labels.scores[:, NAMES.index(column)]) > 0.1, column
        assert candidates.active[:, : len(tool.cups)].any(axis=1).all()
        assert not candidates.active[:, len(tool.cups) :].any()
        assert least < labels.success.mean() < 0.7


def test_the_same_seed_draws_the_same_and_another_does_not(seven) -> None:
    drawn = [
        suction_candidates(StillScene.of(mixed_scene()), seven, 50, np.random.default_rng(seed)) for seed in (5, 5, 6)
    ]
    for one, other in zip(vars(drawn[0][0]).values(), vars(drawn[1][0]).values(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(drawn[0][1], drawn[1][1])
    assert np.abs(drawn[0][0].positions - drawn[2][0].positions).max() > 0.01


def test_the_tool_comes_from_above_along_the_normal(seven) -> None:
    candidates, _ = suction_candidates(StillScene.of(scene_of([BRICK])), seven, 300, np.random.default_rng(0))
    R = candidates.rotations
    np.testing.assert_allclose(R @ R.swapaxes(1, 2), np.tile(np.eye(3), (300, 1, 1)), atol=1e-9)
    assert np.linalg.det(R) == pytest.approx(np.ones(300))
    assert np.median(R[:, 2, 2]) < -0.98


def test_what_cannot_be_labelled_is_refused(seven) -> None:
    still = StillScene.of(scene_of([BRICK]))
    one = above(seven, [(0.5, 0.0)], [0])
    with pytest.raises(ConfigError, match="suction"):
        label(still, seven, "suktion", one, np.array([0]))
    with pytest.raises(ConfigError, match="one object for each of 1 candidates"):
        label(still, seven, SUCTION, one, np.array([0, 0]))
    with pytest.raises(ConfigError, match="objects must be 0 to 0"):
        label(still, seven, SUCTION, one, np.array([1]))
    with pytest.raises(ConfigError, match="cups"):
        suction_candidates(still, load_tool("parallel"), 10, np.random.default_rng(0))


def test_only_objects_among_those_named_are_meant(seven) -> None:
    still = StillScene.of(mixed_scene())
    _, objects = suction_candidates(still, seven, 100, np.random.default_rng(0), among=[2, 5])
    assert set(objects) == {2, 5}
    with pytest.raises(ConfigError, match="no object that may be meant"):
        suction_candidates(still, seven, 100, np.random.default_rng(0), among=[])


def test_a_sponge_leaks(seven) -> None:
    sponge = dataclasses.replace(BRICK, model=dataclasses.replace(BRICK.model, category="sponge"))
    still = StillScene.of(scene_of([sponge]))
    labels = label(still, seven, SUCTION, above(seven, [(0.5, 0.0)], [0]), np.array([0]))
    assert scores(labels)["seal"] == 0.0
    assert scores(labels)["flatness"] > 0.95
    assert not labels.success[0]


def test_cups_lie_on_what_those_of_the_simulator_would(seven) -> None:
    scene = mixed_scene()
    still = StillScene.of(scene)
    candidates, _ = suction_candidates(still, seven, 60, np.random.default_rng(2))
    contacts = cup_contacts(still, seven, candidates.positions, candidates.rotations)
    spec = still_spec(scene)
    lip = spec.worldbody.add_body(name="lip")
    lip.add_freejoint()
    lip.add_geom(type=mujoco.mjtGeom.mjGEOM_SPHERE, size=[1e-3, 0, 0], mass=1.0, contype=0, conaffinity=0, group=5)
    model = spec.compile()
    data = placed_data(model, scene)
    rays, address = LipRays(model, data), model.jnt_qposadr[model.body("lip").jntadr[0]]
    agree, near = 0, 0
    quaternion = np.empty(4)
    for row, (position, rotation) in enumerate(zip(candidates.positions, candidates.rotations, strict=True)):
        mujoco.mju_mat2Quat(quaternion, rotation.ravel())
        for number, cup in enumerate(seven.cups):
            data.qpos[address : address + 3] = position + rotation @ (cup.x, cup.y, 0.0)
            data.qpos[address + 3 : address + 7] = quaternion
            mujoco.mj_kinematics(model, data)
            under = rays.cast(model.body("lip").id, cup.radius, 0.05)
            here = contacts.distances[row, number]
            if (under.distances < 0.04).all() and (here > -0.009).all():  # all within the reach of the simulator's rays
                near += 1
                agree += np.abs(under.distances - here).max() < 5e-4
    assert near > 30
    assert agree >= 0.97 * near


def test_what_others_lie_on_is_not_lifted_alone(seven) -> None:
    upon = box("upon", (0.02, 0.02, 0.001), (0.53, 0.0))
    T = upon.T_base_object.copy()
    T[2, 3] += TOP - 1e-5
    still = StillScene.of(scene_of([BRICK, dataclasses.replace(upon, T_base_object=T)]))
    assert still.burdens[0] == pytest.approx(9.81 * still.masses[1], rel=0.2)
    assert still.burdens[1] == 0.0
    labels = label(still, seven, SUCTION, above(seven, [(0.47, 0.0)], [0]), np.array([0]))
    assert scores(labels)["uncovered"] < 0.2
    assert scores(labels)["seal"] > 0.8
    assert not labels.success[0]
    alone = label(StillScene.of(scene_of([BRICK])), seven, SUCTION, above(seven, [(0.47, 0.0)], [0]), np.array([0]))
    assert scores(alone)["uncovered"] == 1.0
    assert alone.success[0]

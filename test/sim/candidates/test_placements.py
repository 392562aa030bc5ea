# SPDX-License-Identifier: Apache-2.0
import dataclasses

import mujoco
import numpy as np
import pytest
from scene_making.objects_on_table import box, mixed_scene, scene_of

from controllers.errors import ConfigError
from vla_ros.objects.totes import ToteSize, tote
from vla_ros.policies.gam.actions import Candidates
from vla_ros.policies.gam.criteria import criteria_of
from vla_ros.policies.gam.prompts import PLACE
from vla_ros.robots.tools.description import SUCTION, Tool
from vla_ros.robots.tools.named import load_tool
from vla_ros.sim.candidates.container import Container, height_map
from vla_ros.sim.candidates.held_object import HeldObject
from vla_ros.sim.candidates.labels import label
from vla_ros.sim.candidates.landing import landing
from vla_ros.sim.candidates.placed_picks import place_picks
from vla_ros.sim.candidates.placement_labels import label_placements
from vla_ros.sim.candidates.placement_sampler import placement_candidates
from vla_ros.sim.candidates.still_scene import StillScene
from vla_ros.sim.candidates.suction_sampler import suction_candidates
from vla_ros.sim.object_geoms import add_object
from vla_ros.sim.scenes.placed import PlacedFixture
from vla_ros.sim.scenes.scene import PlacedObject

SIZE = ToteSize()
DEPTH = SIZE.inside[2]
NAMES = [criterion.name for criterion in criteria_of(PLACE)]
DOWN = np.diag([1.0, -1.0, -1.0])
GAP = 0.005  # [m] from the tool's plane to what a cup holds
HALF = (0.04, 0.03, 0.025)  # [m] of the box that is held


@pytest.fixture(scope="module")
def tool() -> Tool:
    return load_tool("single_cup")


def filled(*objects: PlacedObject) -> tuple[StillScene, Container]:
    """Return a tote around the base frame's (0.5, 0) with boxes in it, which are given as on a table at its floor."""
    T = np.eye(4)
    T[:3, 3] = 0.5, 0.0, 0.0
    fixture = PlacedFixture("tote", tote("tote", "blue", np.random.default_rng(0), SIZE), T)
    raised = []
    for one in objects or (box("far", (0.02, 0.02, 0.02), (0.9, 0.3)),):
        pose = one.T_base_object.copy()
        pose[2, 3] += SIZE.wall
        raised.append(dataclasses.replace(one, T_base_object=pose))
    still = StillScene.of(dataclasses.replace(scene_of(raised), fixtures=(fixture,)))
    return still, Container.of(still, "tote", SIZE)


def held(half: tuple[float, float, float] = HALF) -> HeldObject:
    """Return a box that was taken by the middle of its top."""
    still = StillScene.of(scene_of([box("brick", half, (0.5, 0.0))]))
    return HeldObject.of(still, 0, np.array([0.5, 0.0, 2 * half[2] + GAP]), DOWN)


def over(x: float, y: float, above: float, half: tuple[float, float, float] = HALF) -> Candidates:
    """Return a pose of the tool at which the box is upright, its underside `above` the tote's floor [m]."""
    place = np.array([[0.5 + x, y, SIZE.wall + above + 2 * half[2] + GAP]])
    nothing = np.full(1, np.nan)
    return Candidates(place, DOWN[None], np.ones((1, 1)), nothing, nothing)


def judged(still, container, tool, candidates, thing=None) -> tuple[dict[str, float], bool]:
    labels = label_placements(still, tool, container, thing or held(), candidates)
    return dict(zip(NAMES, labels.scores[0].tolist(), strict=True)), bool(labels.success[0])


def test_a_height_map_knows_floor_walls_and_contents() -> None:
    still, container = filled(box("there", (0.03, 0.03, 0.02), (0.55, 0.05)))
    heights = height_map(still, container)
    x, y = np.meshgrid(heights.x, heights.y, indexing="ij")
    on = (np.abs(x - 0.05) < 0.027) & (np.abs(y - 0.05) < 0.027)
    assert heights.heights[on] == pytest.approx(np.full(on.sum(), 0.04), abs=1e-3)
    bare = heights.inside & ((np.abs(x - 0.05) > 0.033) | (np.abs(y - 0.05) > 0.033))
    assert heights.heights[bare] == pytest.approx(np.zeros(bare.sum()), abs=1e-3)
    assert heights.heights.max() == pytest.approx(DEPTH, abs=1e-3)
    with pytest.raises(ConfigError, match="tote"):
        Container.of(still, "tots", SIZE)


def test_put_down_on_the_floor_it_lies_deep_and_well(tool) -> None:
    still, container = filled()
    scores, success = judged(still, container, tool, over(0.05, 0.05, 0.01))
    assert scores["collision"] == scores["overflow"] == 0.0
    assert scores["placement_depth"] > 0.99
    # The room up to its top is filled by its share of the floor.
    share = 4 * HALF[0] * HALF[1] / (SIZE.inside[0] * SIZE.inside[1])
    assert scores["volume_utilisation"] == pytest.approx(share, rel=0.15)
    assert success


@pytest.mark.parametrize(
    ("x", "above", "collision"),
    [(0.0, -0.02, 1.0), (0.0, 0.08, 0.0), (SIZE.inside[0] / 2, DEPTH + 0.01, 0.0), (SIZE.inside[0] / 2, 0.05, 1.0)],
    ids=["into the floor", "dropped from high", "onto the wall", "into the wall"],
)
def test_what_goes_wrong_is_no_success(tool, x, above, collision) -> None:
    still, container = filled()
    scores, success = judged(still, container, tool, over(x, 0.0, above))
    assert scores["collision"] == collision
    assert scores["overflow"] == (1.0 if x else 0.0)
    assert not success


def test_a_tall_thing_overflows_by_what_stands_out(tool) -> None:
    half = (0.03, 0.03, 0.1)
    still, container = filled()
    scores, success = judged(still, container, tool, over(0.0, 0.0, 0.005, half), held(half))
    assert scores["overflow"] == pytest.approx((0.2 - DEPTH) / 0.2, abs=0.01)
    assert not success
    low = (0.03, 0.03, (DEPTH + 0.02) / 2)  # 20 mm above the rim
    scores, success = judged(still, container, tool, over(0.0, 0.0, 0.005, low), held(low))
    assert scores["overflow"] > 0.0
    assert success


def test_on_another_thing_it_lies_higher_and_only_while_its_weight_is_over_it(tool) -> None:
    still, container = filled(box("base", (0.04, 0.05, 0.03), (0.5, 0.0)))
    on, stable = judged(still, container, tool, over(0.03, 0.0, 0.065))
    assert on["placement_depth"] == pytest.approx(1 - 0.06 / DEPTH, abs=0.01)
    assert stable
    hanging, falls = judged(still, container, tool, over(0.055, 0.0, 0.065))
    assert hanging["collision"] == 0.0
    assert not falls
    beside, _ = judged(still, container, tool, over(-0.09, 0.0, 0.005))
    assert beside["volume_utilisation"] > on["volume_utilisation"]


def test_a_tool_beside_a_wall_hits_it(tool) -> None:
    still, container = filled()
    half = (0.012, 0.03, 0.02)  # narrower than the tool, whose body has a radius of 25 mm
    near = over(SIZE.inside[0] / 2 - 0.014, 0.0, 0.005, half)
    scores, success = judged(still, container, tool, near, held(half))
    assert scores["collision"] == 1.0
    assert not success
    away = over(SIZE.inside[0] / 2 - 0.03, 0.0, 0.005, half)
    assert judged(still, container, tool, away, held(half))[1]


def test_it_lands_where_the_simulator_has_it_touch() -> None:
    source = StillScene.of(mixed_scene())
    still, container = filled(box("a", (0.05, 0.04, 0.02), (0.46, -0.06)), box("b", (0.03, 0.05, 0.04), (0.55, 0.08)))
    heights, rng = height_map(still, container), np.random.default_rng(0)
    T_container_base = np.linalg.inv(container.T_base_container)
    compared = 0
    for index in (0, 3, 5, 8, 11):
        placed = source.scene.objects[index]
        thing = HeldObject.of(source, index, np.array([0.5, 0.0, 0.2]), DOWN)
        T = placed.T_base_object.copy()
        T[:3, 3] = 0.5 + rng.uniform(-0.05, 0.05), rng.uniform(-0.08, 0.08), 0.35
        lands = landing(heights, thing, T_container_base @ T)
        assert 0.0 < lands.fall < 0.4
        touching = []
        for down in (lands.fall - 0.006, lands.fall + 0.003):
            spec = mujoco.MjSpec()
            lowered = T.copy()
            lowered[2, 3] -= down
            add_object(spec, "held", placed.model, lowered)
            for one in still.scene.objects:
                add_object(spec, one.name, one.model, one.T_base_object)
            floor = spec.worldbody.add_geom(type=mujoco.mjtGeom.mjGEOM_BOX, size=[0.2, 0.2, 0.01])
            floor.pos = [0.5, 0.0, SIZE.wall - 0.01]
            model = spec.compile()
            data = mujoco.MjData(model)
            mujoco.mj_kinematics(model, data)
            mujoco.mj_collision(model, data)
            own = model.geom_bodyid[data.contact.geom[: data.ncon]] == model.body("held").id
            touching.append(bool(own.any()))
        compared += touching == [False, True]
    assert compared >= 4  # what is drawn and what collides differ by millimetres


def test_placements_are_good_and_bad_ones_and_follow_from_the_seed(tool) -> None:
    still, container = filled(box("a", (0.05, 0.04, 0.02), (0.46, -0.06)), box("b", (0.03, 0.05, 0.04), (0.55, 0.08)))
    thing, pick = held(), over(0.0, 0.0, 0.0)
    drawn = [placement_candidates(still, container, thing, pick, 80, np.random.default_rng(seed)) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0].positions, drawn[1].positions)
    np.testing.assert_array_equal(drawn[0].rotations, drawn[1].rotations)
    assert np.abs(drawn[0].positions - drawn[2].positions).max() > 0.02
    labels = label_placements(still, tool, container, thing, drawn[0])
    assert ((labels.scores >= 0.0) & (labels.scores <= 1.0)).all()
    assert 0.05 < labels.scores[:, NAMES.index("collision")].mean() < 0.95
    assert (labels.scores[:, NAMES.index("overflow")] > 0.0).any()
    assert np.std(labels.scores[:, NAMES.index("placement_depth")]) > 0.1
    assert 0.2 < labels.success.mean() < 0.8
    assert drawn[0].active.shape == (80, 1)


def test_good_picks_of_different_objects_are_placed(tool) -> None:
    boxes = [box("left", HALF, (0.45, -0.1)), box("right", HALF, (0.55, 0.1))]
    source, (still, container) = StillScene.of(scene_of(boxes)), filled()
    candidates, objects = suction_candidates(source, tool, 100, np.random.default_rng(0))
    success = label(source, tool, SUCTION, candidates, objects).success
    picked = candidates, objects, success
    placed = place_picks(source, still, tool, container, picked, 2, 15, np.random.default_rng(1))
    assert placed is not None
    assert placed.placements.positions.shape == placed.picks.positions.shape == (30, 3)
    assert len(placed.labels.success) == 30
    assert set(placed.objects) == {0, 1}
    assert placed.labels.success.any()
    rows = [int(np.flatnonzero((candidates.positions == place).all(axis=1))[0]) for place in placed.picks.positions]
    assert success[rows].all()
    assert (objects[rows] == placed.objects).all()
    nothing = candidates, objects, np.zeros(100, bool)
    assert place_picks(source, still, tool, container, nothing, 2, 15, np.random.default_rng(1)) is None

# SPDX-License-Identifier: Apache-2.0
"""Antipodal grasps: force closure, clearance and ranking, checked by MuJoCo's rays rather than by our own solids."""

import mujoco
import numpy as np
import pytest
from arms.gripper_shape import GRIPPER

from vla_ros.objects.grasp import Grasp
from vla_ros.sim.grasping.grasps import AntipodalConfig, antipodal_grasps
from vla_ros.sim.grasping.solids import body_solids, hull

FRICTION_ANGLE = np.arctan(0.15)
OBJECTS = {
    "box": ('<geom type="box" size=".02 .06 .03"/>', 0.03),
    "ball": ('<geom type="sphere" size=".03"/>', 0.03),
    "pen": ('<geom type="capsule" euler="0 90 0" size=".006 .06"/>', 0.006),
    "can": ('<geom type="cylinder" size=".033 .06"/>', 0.06),
    "lemon": ('<geom type="ellipsoid" size=".05 .03 .025"/>', 0.025),
}


class Placed:
    """One object on a table at height 0, turned by 30 degrees."""

    def __init__(self, geoms: str, height: float, extra: str = "") -> None:
        body = f'<body pos=".5 .1 {height}" euler="0 0 30">{geoms}</body>'
        self.model = mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{body}{extra}</worldbody></mujoco>")
        self.data = mujoco.MjData(self.model)
        mujoco.mj_forward(self.model, self.data)
        self.solids = body_solids(self.model, self.data, 1)
        self.neighbours = body_solids(self.model, self.data, 2) if extra else ()

    def grasps(self, seed: int = 0, config: AntipodalConfig | None = None) -> list[Grasp]:
        centre, rng = self.data.xipos[1].copy(), np.random.default_rng(seed)
        return antipodal_grasps(self.solids, centre, self.neighbours, 0.0, GRIPPER, rng, config)

    def ray(self, origin: np.ndarray, direction: np.ndarray) -> tuple[float, np.ndarray]:
        geom, normal = np.zeros(1, dtype=np.int32), np.zeros(3)
        distance = mujoco.mj_ray(self.model, self.data, origin, direction, None, 1, -1, geom, normal)
        return distance, normal


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_both_contacts_are_in_the_friction_cones(name: str) -> None:
    placed = Placed(*OBJECTS[name])
    grasps = placed.grasps()
    assert len(grasps) >= 10
    for grasp in grasps[:30]:
        y, z = grasp.T_base_grasp[:3, 1], grasp.T_base_grasp[:3, 2]
        # The tool point is within a centimetre of the contacts along the approach; find their line by its width.
        found = False
        for depth in AntipodalConfig().depths:
            middle = grasp.T_base_grasp[:3, 3] - depth * z
            hits = [placed.ray(middle - sign * 0.1 * y, sign * y) for sign in (1.0, -1.0)]
            if min(hit[0] for hit in hits) < 0.0 or abs(0.2 - hits[0][0] - hits[1][0] - grasp.width) > 1e-5:
                continue
            angles = [np.arccos(np.clip(-sign * normal @ y, -1, 1)) for sign, (_, normal) in zip((1, -1), hits)]  # noqa: B905
            found |= max(angles) <= FRICTION_ANGLE + 1e-3
        assert found, f"{name}: grasp at {grasp.T_base_grasp[:3, 3]} is not in force closure"


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_grasps_fit_the_gripper_and_stay_above_the_table(name: str) -> None:
    for grasp in Placed(*OBJECTS[name]).grasps():
        T = grasp.T_base_grasp
        np.testing.assert_allclose(T[:3, :3].T @ T[:3, :3], np.eye(3), atol=1e-9)
        assert np.linalg.det(T[:3, :3]) == pytest.approx(1.0)
        assert grasp.width < grasp.opening <= 0.08
        assert GRIPPER.lowest(T[None], np.array([grasp.opening]))[0] >= 0.0029


def test_the_best_grasp_of_a_box_is_upright_at_its_middle() -> None:
    best = Placed(*OBJECTS["box"]).grasps()[0].T_base_grasp
    np.testing.assert_allclose(best[:3, 3], [0.5, 0.1, 0.03], atol=0.008)
    assert best[2, 2] < -0.99
    assert abs(best[:3, 1] @ [np.cos(np.pi / 6), 0.5, 0.0]) > 0.99


def test_too_wide_to_grasp() -> None:
    assert Placed('<geom type="box" size=".05 .05 .05"/>', 0.05).grasps() == []


def test_a_wide_bowl_is_grasped_by_its_wall() -> None:
    wall = '<geom type="box" size=".002 .02 .03" pos="{} {} 0" euler="0 0 {}"/>'
    angles = np.arange(12) * np.pi / 6
    walls = "".join(wall.format(0.07 * np.cos(a), 0.07 * np.sin(a), np.degrees(a)) for a in angles)
    grasps = Placed(walls, 0.03).grasps()
    assert grasps
    assert max(grasp.width for grasp in grasps) < 0.01


def test_sides_that_are_not_parallel_need_more_friction() -> None:
    """A wedge of 30 degrees, lying so that only its slanting sides can be taken."""
    corners = [(x, y * (0.03 - 0.27 * x), z) for x in (-0.04, 0.04) for y in (-1, 1) for z in (-0.02, 0.02)]
    pose = np.eye(4)
    pose[:3, 3] = [0.5, 0.0, 0.021]
    wedge = [hull(np.array(corners), pose)]

    def grasps(friction: float) -> list[Grasp]:
        config = AntipodalConfig(friction=friction, play=0.01)
        return antipodal_grasps(wedge, pose[:3, 3], (), 0.0, GRIPPER, np.random.default_rng(0), config)

    assert not grasps(0.15)
    assert grasps(0.5)


def test_a_wall_beside_the_object_rules_out_the_side_it_stands_on() -> None:
    """The box can only be grasped across its short side; a wall along that side leaves no room for a finger."""
    geoms, height = OBJECTS["box"]
    free = Placed(geoms, height).grasps()
    wall = '<body pos=".5 .1 .1" euler="0 0 30"><geom type="box" size=".005 .1 .1" pos="{} 0 0"/></body>'
    blocked = Placed(geoms, height, wall.format(0.032)).grasps()
    away = Placed(geoms, height, wall.format(0.15)).grasps()
    assert free
    assert away
    assert not blocked


def test_same_seed_same_grasps() -> None:
    first, second = (Placed(*OBJECTS["can"]).grasps(seed=7) for _ in range(2))
    assert [g.cost for g in first] == [g.cost for g in second]
    np.testing.assert_array_equal(first[0].T_base_grasp, second[0].T_base_grasp)

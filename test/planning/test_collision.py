# SPDX-License-Identifier: Apache-2.0
"""What the arm touches: known distances, every kind of shape, the hand's load, the robot itself."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from robot_rigs.planning_robot import ARM, HOME, TABLE, checker, ompl, tool
from scipy.spatial.transform import Rotation

import vla_ros.planning.collision as collision
from controllers.arm.inverse_kinematics import solve_ik
from controllers.errors import ConfigError
from vla_ros.planning.scene import CollisionScene, HeldObject, Obstacle, box_between
from vla_ros.planning.shapes import Box, ConvexHull, Cylinder, Sphere


def at(x, y, z):
    T = np.eye(4)
    T[:3, 3] = x, y, z
    return T


def hand_down(x, y, z):
    T = at(x, y, z)
    T[:3, :3] = Rotation.from_euler("x", np.pi).as_matrix()
    q = solve_ik(ompl().arms[0].model, T, HOME)
    assert q is not None
    return q


CUBE = np.array([[x, y, z] for x in (-0.05, 0.05) for y in (-0.05, 0.05) for z in (-0.05, 0.05)])


@pytest.mark.parametrize(
    "shape", [Box((0.1, 0.1, 0.1)), Sphere(0.05), Cylinder(0.05, 0.1), ConvexHull(CUBE)], ids=lambda s: type(s).__name__
)
def test_fingertips_stand_where_kinematics_says_above_every_shape(shape):
    # Every shape is 5 cm high above its centre; the pads end 9.25 mm beyond the tool's centre.
    below = 0.05 + 0.00925
    for gap in (0.02, -0.004):
        q = hand_down(0.5, 0.04, 0.3)
        look = checker(Obstacle("it", shape, at(0.5, 0.0, 0.3 - below - gap)))
        found = checker(Obstacle("it", Box((0.2, 0.3, 0.1)), at(0.5, 0.0, 0.3 - below - gap))).closest(q)
        assert found.distance == pytest.approx(gap, abs=5e-4)
        assert "tip" in found.second
        assert look.free(q) == (look.closest(q).excess > 0.0)


def test_a_margin_is_kept_and_said():
    q = hand_down(0.5, 0.0, 0.01925 + 0.006)  # 16 mm above the table
    assert checker(TABLE, margin=0.015).free(q)
    look = checker(TABLE, margin=0.02)
    assert not look.free(q)
    assert "16.0 mm apart, the margin is 20.0 mm" in str(look.closest(q))


@pytest.mark.parametrize("naive", [True, False])
def test_the_broad_phase_loses_nothing(monkeypatch, naive):
    monkeypatch.setattr(collision, "NAIVE_MAX", 1000 if naive else 0)
    random = np.random.default_rng(5)
    things = [
        Obstacle(f"thing {i}", shape, at(*random.uniform((0.2, -0.5, 0.0), (0.8, 0.5, 0.6))))
        for i, shape in enumerate([Box((0.08, 0.1, 0.2)), Cylinder(0.04, 0.2), Sphere(0.06), ConvexHull(CUBE)] * 4)
    ]
    for margin in (0.0, 0.02):
        look = checker(TABLE, *things, margin=margin)
        qs = random.uniform(ARM.lower, ARM.upper, (600, 7))
        assert [look.free(q) for q in qs] == [look.closest(q).excess > 0.0 for q in qs]


def test_self_collisions_agree_with_mujoco():
    from vla_ros.robots.embodiment import load_embodiment
    from vla_ros.sim.robot_model import robot_spec

    model = robot_spec(load_embodiment("franka")).compile()  # its hand may hit base, shoulder and upper arm
    data = mujoco.MjData(model)
    columns = [model.joint(name).qposadr[0] for name in ARM.joints]
    data.qpos[[model.joint(f"panda_finger_joint{i}").qposadr[0] for i in (1, 2)]] = 0.04
    look, random, hits = checker(), np.random.default_rng(2), 0
    for q in random.uniform(ARM.lower, ARM.upper, (3000, 7)):
        data.qpos[columns] = q
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        if data.ncon and data.contact.dist.min() < -1e-4:
            hits += 1
            assert not look.free(q)
    assert hits > 20
    assert look.free(HOME)


def test_what_is_held_collides_and_may_touch_the_hand():
    q = hand_down(0.5, 0.0, 0.15)
    bottle = HeldObject("bottle", Cylinder(0.03, 0.2), at(0.0, 0.0, 0.0))  # reaches 10 cm below the tool
    assert checker(TABLE, held=(bottle,), margin=0.01).free(q)
    lower = hand_down(0.5, 0.0, 0.09)
    assert checker(TABLE, margin=0.01).free(lower)
    found = checker(TABLE, held=(bottle,), margin=0.01).closest(lower)
    assert str(found).startswith("'bottle' and 'table' overlap by 10.0 mm")


def test_what_is_held_keeps_off_the_robots_own_base():
    T_tool_base = np.linalg.inv(tool(HOME))
    for z, free in ((0.07, False), (-0.2, True)):  # in the base, and far below it
        held = HeldObject("block", Box((0.04, 0.04, 0.04)), T_tool_base @ at(-0.05, 0.0, z))
        assert checker(held=(held,)).free(HOME) == free
    inside = HeldObject("block", Box((0.04, 0.04, 0.04)), T_tool_base @ at(-0.05, 0.0, 0.07))
    assert str(checker(held=(inside,)).closest(HOME)).startswith("'block' and panda_link0 overlap")


def test_an_object_is_grasped_and_released_where_it_is():
    q = hand_down(0.5, 0.1, 0.1)
    T = tool(q)
    scene = CollisionScene((TABLE, Obstacle("mug", Cylinder(0.03, 0.08), at(0.5, 0.1, 0.08))))
    held = scene.grasp("mug", T)
    assert [item.name for item in held.obstacles] == ["table"]
    back = held.release("mug", T)
    np.testing.assert_allclose(back.obstacles[-1].T_base_obstacle, at(0.5, 0.1, 0.08), atol=1e-9)
    with pytest.raises(ConfigError, match="unknown obstacle 'mgu': did you mean 'mug'"):
        scene.grasp("mgu", T)


def test_travel_bounds_the_motion_of_every_point():
    look, random = checker(), np.random.default_rng(3)
    geometry, model = ompl().geometry.geometry, ompl().geometry.model
    import pinocchio as pin

    data, q = model.createData(), ompl().geometry.configuration(None)
    for _ in range(50):
        rows = np.cumsum(random.normal(scale=0.02, size=(2, 7)), axis=0) + HOME
        points = []
        for row in rows:
            q[:7] = row
            pin.forwardKinematics(model, data, q)
            corners = []
            for item in geometry.geometryObjects:
                box = item.geometry.aabb_local
                low, high = np.array(box.min_).ravel(), np.array(box.max_).ravel()
                for pick in np.ndindex(2, 2, 2):
                    local = np.where(pick, low, high)
                    corners.append(data.oMi[item.parentJoint].act(item.placement.act(local)))
            points.append(corners)
        moved = np.linalg.norm(np.diff(points, axis=0)[0], axis=1).max()
        assert moved <= look.travel(rows)[0] * (1.0 + 1e-9)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Box((0.1, 0.0, 0.1)), "box size must be positive"),
        (lambda: ConvexHull(np.zeros((5, 3))), "the points are flat"),
        (lambda: Obstacle("x", Sphere(0.1), np.eye(3)), r"'x': the pose must be a \(4, 4\)"),
        (lambda: Obstacle("x", Sphere(0.1), np.diag([1.0, 1.0, -1.0, 1.0])), "not orthonormal"),
        (lambda: CollisionScene((TABLE, TABLE)), "the name 'table' is used twice"),
        (lambda: collision.CollisionChecker(ompl().geometry, CollisionScene(), 0.0, 0.2), "gripper width 0.2 m"),
    ],
)
def test_nonsense_is_named(make, message):
    with pytest.raises(ConfigError, match=message):
        make()


def test_a_closed_gripper_fits_where_an_open_one_does_not():
    walls = [box_between(f"wall {s}", (0.4, s * 0.03, 0.0), (0.6, s * 0.03 + 0.01 * s, 0.12)) for s in (1,)]
    walls.append(box_between("wall -1", (0.4, -0.04, 0.0), (0.6, -0.03, 0.12)))
    q = hand_down(0.5, 0.0, 0.11)
    scene = CollisionScene(tuple(walls))
    assert not collision.CollisionChecker(ompl().geometry, scene, 0.0).free(q)
    assert collision.CollisionChecker(ompl().geometry, scene, 0.0, gripper_width=0.0).free(q)

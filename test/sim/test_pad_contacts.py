# SPDX-License-Identifier: Apache-2.0
"""Between fingers an object's own friction decides: what holds, what slips, and what the pads keep for themselves."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import mujoco
import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene
from scene_making.furnished_scene import CABINET, furnished_scene

from vla_ros.objects.model import ObjectModel, Part
from vla_ros.objects.parcels import parcel
from vla_ros.objects.serving_trays import serving_tray
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.groups import EndEffectorGroup
from vla_ros.sim.robot_model import PAD_FRICTION, PAD_SOLIMP, PAD_SOLREF, is_pad, robot_spec
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.sim.scenes.scene import PlacedObject, Scene
from vla_ros.sim.world import World, build_model
from vla_ros.tasks.table import load_task

ROBOTS = ("franka", "fr3", "ur5e", "agilex", "bytemini", "ldt01")
GRASPED = Part("box", (0.02, 0.012, 0.02))  # [m] half lengths: fingers close along y


def of_friction(friction: float, **changes: bool) -> ObjectModel:
    return ObjectModel("thing", "block", "red", (GRASPED,), 0.2, friction, **changes)


@cache
def scene_with(*models: ObjectModel) -> Scene:
    """A table at height 0 far below the robot's hands, and objects that start beside one another on it."""
    scene = grasping_scene("basic", 0)
    placed = []
    for index, model in enumerate(models):
        T_base_object = np.eye(4)
        T_base_object[:3, 3] = (0.5, 0.6 * index, model.size[2] / 2 + 0.001)
        placed.append(PlacedObject(f"thing{index}", model, T_base_object))
    table = dataclasses.replace(scene.table, height=0.0)
    return dataclasses.replace(scene, table=table, objects=tuple(placed), target="thing0", arm_start=None)


@cache
def pads_of(robot: str) -> tuple[str, ...]:
    return tuple(geom.name for geom in robot_spec(load_embodiment(robot)).geoms if is_pad(geom))


def touching(model: mujoco.MjModel, pad: str, name: str) -> list[Any]:
    """Return the contacts of an object's first part with a pad, in the middle of which its body floats."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    start = model.joint(f"{name}/free").qposadr[0]
    part = model.geom(f"{name}/0")
    data.qpos[start : start + 3] = data.geom(pad).xpos - part.pos
    mujoco.mj_forward(model, data)
    found = [contact for contact in data.contact if set(contact.geom.tolist()) == {model.geom(pad).id, part.id}]
    assert found
    return found


@pytest.mark.parametrize("robot", ROBOTS)
def test_the_objects_friction_and_the_pads_softness_count_at_every_pad(robot: str) -> None:
    model = build_model(scene_with(of_friction(0.35)), load_embodiment(robot), 0.002)
    assert len(pads_of(robot)) >= 2
    for pad in pads_of(robot):
        for contact in touching(model, pad, "thing0"):
            assert contact.dim == 4
            torsion = PAD_FRICTION[1] * 0.35 / PAD_FRICTION[0]
            np.testing.assert_allclose(contact.friction[:3], (0.35, 0.35, torsion))
            np.testing.assert_allclose(contact.solref, PAD_SOLREF)
            np.testing.assert_allclose(contact.solimp, PAD_SOLIMP)


def test_parcels_and_serving_trays_are_held_at_the_pads_friction() -> None:
    rng = np.random.default_rng(0)
    box = parcel("box", "red", rng, (0.2, 0.2, 0.2), "top", 0.5, 0.5)
    tray = serving_tray("tray", "blue", rng, (0.3, 0.4), 0.5, 0.5)
    model = build_model(scene_with(box, tray), load_embodiment("agilex"), 0.002)
    assert model.npair == 0
    for name in ("thing0", "thing1"):
        for contact in touching(model, pads_of("agilex")[0], name):
            np.testing.assert_allclose(contact.friction[:3], (PAD_FRICTION[0], *PAD_FRICTION[:2]))


def test_cloths_and_fixtures_are_held_at_the_pads_friction() -> None:
    scene = furnished_scene(drawer=0.1, lid=1.75)
    model = build_model(scene, load_embodiment("franka"), 0.002)
    paired = {model.body(model.geom_bodyid[geom]).name for geom in model.pair_geom2}
    assert paired == {placed.name for placed in scene.objects}
    pads = [model.geom(pad) for pad in pads_of("franka")]
    others = [model.geom(index) for index in range(model.ngeom)]
    furniture = [geom for geom in others if model.body(geom.bodyid[0]).name.startswith(CABINET)]
    assert furniture
    for pad in pads:
        np.testing.assert_allclose(pad.friction, PAD_FRICTION)
        assert all(pad.priority[0] > geom.priority[0] for geom in furniture)
        assert (pad.priority[0] > model.flex_priority).all()


@pytest.mark.parametrize(("task", "robot"), [("fold", "agilex"), ("hang", "bytemini"), ("flip", "agilex")])
def test_nothing_is_paired_where_hands_hold_garments_and_parcels(task: str, robot: str) -> None:
    """So these tasks' models, and physics, are what they were when pads decided everything."""
    scene = load_task(task).scene(SceneRequest("basic", 3, robot=robot))
    model = build_model(scene, load_embodiment(robot), 0.002)
    assert model.npair == 0
    for pad in pads_of(robot):
        np.testing.assert_allclose(model.geom(pad).friction, PAD_FRICTION)
        assert model.geom(pad).priority[0] > max(model.flex_priority, default=0)


def pulled(robot: str, friction: float, share: float) -> float:
    """Grasp a block without weight, pull it out of the hand, and return how far [m] it has slipped in 0.4 s.

    `share`: the pull's, of the most that two pads at the gripper's force bear, 2 μ N.
    """
    embodiment = load_embodiment(robot)
    world = World(scene_with(of_friction(friction)), embodiment, timestep=0.001, settle=False)
    gripper: EndEffectorGroup = embodiment.widest_gripper
    world.model.opt.gravity[:] = 0.0
    tool = embodiment.arm(gripper.arm).tool_frame
    _put_at(world, tool)
    world.grippers[gripper.name].command(0.0)
    world.step(round((gripper.width_max / gripper.speed + 0.5) / world.timestep))
    assert world.grippers[gripper.name].force == pytest.approx(-gripper.force)
    start = _in_tool(world, tool)
    out = world.body_pose(tool)[:3, 2]
    thing, hand = world.model.body("thing0").id, world.model.body(tool).id
    force = share * 2.0 * friction * gripper.force * out
    world.data.xfrc_applied[thing, :3] = force
    world.data.xfrc_applied[hand, :3] = -force  # the arm itself is not pulled
    world.step(round(0.4 / world.timestep))
    return float(np.linalg.norm(_in_tool(world, tool) - start))


def _put_at(world: World, tool: str) -> None:
    """Put the object where a tool is, its y axis along which fingers close."""
    T = world.in_odom(world.body_pose(tool))
    start = world.model.joint("thing0/free").qposadr[0]
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, np.ascontiguousarray(T[:3, :3]).flatten())
    world.data.qpos[start : start + 3], world.data.qpos[start + 3 : start + 7] = T[:3, 3], quaternion
    mujoco.mj_forward(world.model, world.data)


def _in_tool(world: World, tool: str) -> np.ndarray:
    world.step()
    return (np.linalg.inv(world.body_pose(tool)) @ world.object_pose("thing0"))[:3, 3]


@pytest.mark.parametrize("robot", ROBOTS)
@pytest.mark.parametrize("friction", [0.3, 0.9])
def test_a_grasp_holds_what_the_objects_friction_bears_and_no_more(robot: str, friction: float) -> None:
    """Coulomb: two pads at N bear 2 μ N."""
    assert pulled(robot, friction, 0.9) < 0.003
    assert pulled(robot, friction, 1.1) > 0.02


def test_the_same_shape_and_force_hold_rubber_and_lose_soap() -> None:
    assert pulled("franka", 0.9, 0.5) < 0.002  # 63 N
    assert pulled("franka", 0.3, 1.5) > 0.02  # 63 N

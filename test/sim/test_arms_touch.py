# SPDX-License-Identifier: Apache-2.0
"""The arms of one robot touch each other in the simulator, as they do in a room; a single arm is what it was."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
from scene_making.drawn_scene import grasping_scene

from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.robot_model import robot_spec
from vla_ros.sim.world import World

INTO = 0.008  # [m] that two links may press into each other


def shapes(model: mujoco.MjModel, joint: str) -> np.ndarray:
    """Return the colliding geoms (G,) that a joint moves."""
    root = int(model.joint(joint).bodyid[0])
    below = np.zeros(model.nbody, dtype=bool)
    for body in range(root, model.nbody):
        below[body] = body == root or below[model.body_parentid[body]]
    return np.flatnonzero(below[model.geom_bodyid] & (model.geom_conaffinity != 0))


def between(world: World, left: np.ndarray, right: np.ndarray) -> list[tuple[str, str, float]]:
    """Return which links of the two arms touch, and how deep [m]."""
    found = []
    for contact in world.data.contact[: world.data.ncon]:
        pair = set(contact.geom.tolist())
        if pair & set(left.tolist()) and pair & set(right.tolist()):
            names = sorted(world.model.body(world.model.geom_bodyid[geom]).name for geom in pair)
            found.append((names[0], names[1], -float(contact.dist)))
    return found


@pytest.fixture
def world():
    scene = grasping_scene(seed=0, robot="agilex", cameras=())
    made = World(scene, load_embodiment("agilex"), timestep=0.002)
    yield made
    made.close()


def test_two_arms_driven_into_each_other_touch_and_stop(world):
    left, right = (shapes(world.model, arm.joints[0]) for arm in world.embodiment.arms)
    assert not between(world, left, right)
    for arm, turn in (("left", -1.5), ("right", 1.5)):
        q = world.arms[arm].q
        world.arms[arm].command_position(q + np.array([turn, 0.0, 0.0, 0.0, 0.0, 0.0]))
    deepest, hands = 0.0, set()
    for _ in range(100):
        world.step(10)
        for one, other, depth in between(world, left, right):
            deepest = max(deepest, depth)
            hands |= {one, other}
    assert {name.split("_")[1] for name in hands} & {"finger1", "finger2", "link6", "camera"}  # the hands come first
    assert 0.0 < deepest < INTO
    assert world.tool_pose("left")[1, 3] > world.tool_pose("right")[1, 3]  # neither has passed through the other


@pytest.mark.parametrize("name", ["agilex", "bytemini", "ldt01"])
def test_every_link_of_one_arm_may_touch_every_link_of_the_other_and_at_home_none_does(name):
    robot = load_embodiment(name)
    model = robot_spec(robot).compile()
    first, second = (shapes(model, arm.joints[0]) for arm in robot.arms)
    collide = (model.geom_contype[:, None] & model.geom_conaffinity[None]) != 0
    collide |= collide.T
    assert collide[np.ix_(first, second)].all()
    data = mujoco.MjData(model)
    for arm in robot.arms:
        data.qpos[[model.joint(joint).qposadr[0] for joint in arm.joints]] = arm.home
    for group in robot.joint_groups:
        data.qpos[[model.joint(joint).qposadr[0] for joint in group.joints]] = group.home
    mujoco.mj_forward(model, data)
    assert data.ncon == 0


def test_one_arm_alone_has_no_further_pairs_to_look_at():
    model = robot_spec(load_embodiment("franka")).compile()
    assert not ((model.geom_contype | model.geom_conaffinity) & ~3).any()

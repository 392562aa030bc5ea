# SPDX-License-Identifier: Apache-2.0
"""The Franka in MuJoCo: published geometry, motors, coupled fingers, what touches what."""

import mujoco
import numpy as np
import pytest

from vla_ros.robots.embodiment import load_embodiment
from vla_ros.sim.robot_model import COLLISION_GROUP, VISUAL_GROUP, robot_spec


class Simulated:
    """The robot in MuJoCo."""

    def __init__(self) -> None:
        self.embodiment = load_embodiment("franka")
        self.arm, self.gripper = self.embodiment.arms[0], self.embodiment.grippers[0]
        self.joints = self.arm.joints + self.gripper.joints
        self.mj = robot_spec(self.embodiment).compile()
        self.mj_data = mujoco.MjData(self.mj)
        self.mj_dof = np.array([self.mj.joint(name).dofadr[0] for name in self.joints])

    def random_state(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        lower = np.append(self.arm.lower, [0.0, 0.0])
        upper = np.append(self.arm.upper, [0.04, 0.04])
        q = random.uniform(lower, upper)
        self.mj_data.qpos[self.mj_dof] = q
        self.mj_data.qvel[:] = 0.0
        mujoco.mj_forward(self.mj, self.mj_data)


@pytest.fixture(scope="module")
def simulated() -> Simulated:
    return Simulated()


def test_denavit_hartenberg_parameters_are_the_published_ones(simulated):
    """Franka Control Interface documentation, Denavit-Hartenberg parameters (Craig), flange at 0.107 m."""
    pi = np.pi
    table = [  # a [m], d [m], alpha [rad]
        (0.0, 0.333, 0.0),
        (0.0, 0.0, -pi / 2),
        (0.0, 0.316, pi / 2),
        (0.0825, 0.0, pi / 2),
        (-0.0825, 0.384, -pi / 2),
        (0.0, 0.0, pi / 2),
        (0.088, 0.0, pi / 2),
        (0.0, 0.107, 0.0),
    ]
    q = np.append(np.random.default_rng(0).uniform(simulated.arm.lower, simulated.arm.upper), 0.0)
    T = np.eye(4)
    for (a, d, alpha), theta in zip(table, q, strict=True):
        ca, sa, ct, st = np.cos(alpha), np.sin(alpha), np.cos(theta), np.sin(theta)
        T = T @ np.array(
            [[ct, -st, 0, a], [st * ca, ct * ca, -sa, -d * sa], [st * sa, ct * sa, ca, d * ca], [0, 0, 0, 1.0]]
        )
    simulated.mj_data.qpos[simulated.mj_dof[:7]] = q[:7]
    mujoco.mj_kinematics(simulated.mj, simulated.mj_data)
    np.testing.assert_allclose(simulated.mj_data.body("panda_link8").xpos, T[:3, 3], atol=1e-9)


def test_tool_frame_is_between_the_extended_fingers(simulated):
    simulated.random_state(3)
    hand, tool = simulated.mj_data.body("panda_hand"), simulated.mj_data.body("panda_tcp")
    offset = hand.xmat.reshape(3, 3).T @ (tool.xpos - hand.xpos)
    np.testing.assert_allclose(offset, [0.0, 0.0, 0.1034 + 0.02], atol=1e-9)


def test_motors_are_limited_as_published(simulated):
    ids = [simulated.mj.actuator(name).id for name in simulated.arm.joints]
    np.testing.assert_array_equal(simulated.mj.actuator_forcerange[ids, 1], [87, 87, 87, 87, 12, 12, 12])
    assert simulated.mj.actuator_forcelimited[ids].all()


def test_fingers_are_coupled(simulated):
    simulated.random_state(0)
    data = mujoco.MjData(simulated.mj)
    data.qpos[simulated.mj_dof[:7]] = simulated.arm.home
    data.qpos[simulated.mj_dof[7:]] = 0.02
    # Push one finger only: both must follow.
    data.qfrc_applied[simulated.mj_dof[7]] = 5.0
    data.ctrl[simulated.mj.actuator("panda_hand").id] = 0.04
    mujoco.mj_step(simulated.mj, data, 300)
    left, right = data.qpos[simulated.mj_dof[7:]]
    assert left > 0.0201
    assert left == pytest.approx(right, abs=1e-4)


def test_visual_shapes_do_not_collide_and_collision_shapes_are_not_drawn(simulated):
    visual = simulated.mj.geom_group == VISUAL_GROUP
    collision = simulated.mj.geom_group == COLLISION_GROUP
    assert (visual | collision).all()
    assert visual.sum() > 50
    assert not simulated.mj.geom_contype[visual].any()
    assert not simulated.mj.geom_conaffinity[visual].any()
    assert simulated.mj.geom_conaffinity[collision].all()


def test_hand_meets_its_own_base_but_neighbours_never_meet(simulated):
    """Fold the arm so that the hand lies in the base: a contact; at home there is none."""
    data = mujoco.MjData(simulated.mj)
    data.qpos[simulated.mj_dof[:7]] = simulated.arm.home
    data.qpos[simulated.mj_dof[7:]] = 0.04
    mujoco.mj_forward(simulated.mj, data)
    assert data.ncon == 0
    data.qpos[simulated.mj_dof[:7]] = [0.0, -0.6, 0.0, -3.0, 0.0, 1.2, 0.8]
    mujoco.mj_forward(simulated.mj, data)
    touching = {simulated.mj.body(simulated.mj.geom_bodyid[g]).name for g in data.contact.geom[: data.ncon].ravel()}
    assert touching & {"panda_link0", "panda_link1"}

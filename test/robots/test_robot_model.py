# SPDX-License-Identifier: Apache-2.0
"""The two readers of one URDF, pinocchio and MuJoCo, must describe the same machine."""

import mujoco
import numpy as np
import pinocchio
import pytest

from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.sim.robot_model import COLLISION_GROUP, VISUAL_GROUP, robot_spec

GRAVITY = np.array([0.0, 0.0, -9.81])


class Pair:
    """The robot in both libraries, with the same state in joint order."""

    def __init__(self) -> None:
        self.embodiment = load_embodiment("franka")
        self.arm, self.gripper = self.embodiment.arms[0], self.embodiment.grippers[0]
        self.joints = self.arm.joints + self.gripper.joints
        self.mj = robot_spec(self.embodiment).compile()
        self.mj_data = mujoco.MjData(self.mj)
        self.pin = pinocchio.buildModelFromXML(expand_urdf(self.embodiment))
        self.pin.gravity.linear = GRAVITY
        self.pin_data = self.pin.createData()
        self.mj_dof = np.array([self.mj.joint(name).dofadr[0] for name in self.joints])
        self.pin_dof = np.array([self.pin.joints[self.pin.getJointId(name)].idx_v for name in self.joints])

    def random_state(self, seed: int) -> np.ndarray:
        random = np.random.default_rng(seed)
        lower = np.append(self.arm.lower, [0.0, 0.0])
        upper = np.append(self.arm.upper, [0.04, 0.04])
        q = random.uniform(lower, upper)
        self.mj_data.qpos[self.mj_dof] = q
        self.mj_data.qvel[:] = 0.0
        mujoco.mj_forward(self.mj, self.mj_data)
        pin_q = np.empty(self.pin.nq)
        pin_q[self.pin_dof] = q
        return pin_q


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair()


def relative_error(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.mark.parametrize("seed", range(20))
def test_forward_kinematics_agree(pair, seed):
    q = pair.random_state(seed)
    pinocchio.framesForwardKinematics(pair.pin, pair.pin_data, q)
    for frame in ("panda_link4", "panda_hand", "panda_tcp", "panda_leftfinger", "panda_rightfinger_tip"):
        expected = pair.pin_data.oMf[pair.pin.getFrameId(frame)]
        body = pair.mj_data.body(frame)
        np.testing.assert_allclose(body.xpos, expected.translation, atol=1e-6)
        np.testing.assert_allclose(body.xmat.reshape(3, 3), expected.rotation, atol=1e-6)


@pytest.mark.parametrize("seed", range(20))
def test_mass_matrices_agree(pair, seed):
    q = pair.random_state(seed)
    pin_mass = pinocchio.crba(pair.pin, pair.pin_data, q)
    pin_mass = np.triu(pin_mass) + np.triu(pin_mass, 1).T
    mj_mass = np.empty((pair.mj.nv, pair.mj.nv))
    mujoco.mj_fullM(pair.mj, pair.mj_data, mj_mass)
    # The simulator adds motor inertia to the diagonal, which the URDF does not know.
    mj_mass -= np.diag(pair.mj.dof_armature)
    assert (
        relative_error(mj_mass[np.ix_(pair.mj_dof, pair.mj_dof)], pin_mass[np.ix_(pair.pin_dof, pair.pin_dof)]) < 1e-6
    )


@pytest.mark.parametrize("seed", range(20))
def test_gravity_agrees_and_is_compensated(pair, seed):
    q = pair.random_state(seed)
    expected = pinocchio.computeGeneralizedGravity(pair.pin, pair.pin_data, q)[pair.pin_dof]
    # At rest MuJoCo's bias force is gravity alone.
    assert relative_error(pair.mj_data.qfrc_bias[pair.mj_dof], expected) < 1e-6
    assert relative_error(pair.mj_data.qfrc_gravcomp[pair.mj_dof], expected) < 1e-6


def test_denavit_hartenberg_parameters_are_the_published_ones(pair):
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
    q = np.append(np.random.default_rng(0).uniform(pair.arm.lower, pair.arm.upper), 0.0)
    T = np.eye(4)
    for (a, d, alpha), theta in zip(table, q, strict=True):
        ca, sa, ct, st = np.cos(alpha), np.sin(alpha), np.cos(theta), np.sin(theta)
        T = T @ np.array(
            [[ct, -st, 0, a], [st * ca, ct * ca, -sa, -d * sa], [st * sa, ct * sa, ca, d * ca], [0, 0, 0, 1.0]]
        )
    pair.mj_data.qpos[pair.mj_dof[:7]] = q[:7]
    mujoco.mj_kinematics(pair.mj, pair.mj_data)
    np.testing.assert_allclose(pair.mj_data.body("panda_link8").xpos, T[:3, 3], atol=1e-9)


def test_tool_frame_is_between_the_extended_fingers(pair):
    pair.random_state(3)
    hand, tool = pair.mj_data.body("panda_hand"), pair.mj_data.body("panda_tcp")
    offset = hand.xmat.reshape(3, 3).T @ (tool.xpos - hand.xpos)
    np.testing.assert_allclose(offset, [0.0, 0.0, 0.1034 + 0.02], atol=1e-9)


def test_every_inertia_is_that_of_a_solid_body(pair):
    for body in range(1, pair.mj.nbody):
        if pair.mj.body_mass[body] > 0.0:
            first, second, third = np.sort(pair.mj.body_inertia[body])
            assert first > 0.0
            assert first + second >= third


def test_motors_are_limited_as_published(pair):
    ids = [pair.mj.actuator(name).id for name in pair.arm.joints]
    np.testing.assert_array_equal(pair.mj.actuator_forcerange[ids, 1], [87, 87, 87, 87, 12, 12, 12])
    assert pair.mj.actuator_forcelimited[ids].all()


def test_fingers_are_coupled(pair):
    pair.random_state(0)
    data = mujoco.MjData(pair.mj)
    data.qpos[pair.mj_dof[:7]] = pair.arm.home
    data.qpos[pair.mj_dof[7:]] = 0.02
    # Push one finger only: both must follow.
    data.qfrc_applied[pair.mj_dof[7]] = 5.0
    data.ctrl[pair.mj.actuator("panda_hand").id] = 0.04
    mujoco.mj_step(pair.mj, data, 300)
    left, right = data.qpos[pair.mj_dof[7:]]
    assert left > 0.0201
    assert left == pytest.approx(right, abs=1e-4)


def test_visual_shapes_do_not_collide_and_collision_shapes_are_not_drawn(pair):
    visual = pair.mj.geom_group == VISUAL_GROUP
    collision = pair.mj.geom_group == COLLISION_GROUP
    assert (visual | collision).all()
    assert visual.sum() > 50
    assert not pair.mj.geom_contype[visual].any()
    assert not pair.mj.geom_conaffinity[visual].any()
    assert pair.mj.geom_conaffinity[collision].all()


def test_hand_meets_its_own_base_but_neighbours_never_meet(pair):
    """Fold the arm so that the hand lies in the base: a contact; at home there is none."""
    data = mujoco.MjData(pair.mj)
    data.qpos[pair.mj_dof[:7]] = pair.arm.home
    data.qpos[pair.mj_dof[7:]] = 0.04
    mujoco.mj_forward(pair.mj, data)
    assert data.ncon == 0
    data.qpos[pair.mj_dof[:7]] = [0.0, -0.6, 0.0, -3.0, 0.0, 1.2, 0.8]
    mujoco.mj_forward(pair.mj, data)
    touching = {pair.mj.body(pair.mj.geom_bodyid[g]).name for g in data.contact.geom[: data.ncon].ravel()}
    assert touching & {"panda_link0", "panda_link1"}

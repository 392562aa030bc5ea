# SPDX-License-Identifier: Apache-2.0
"""The two readers of every named robot's URDF, pinocchio and MuJoCo, must describe the same machine of solid bodies."""

from __future__ import annotations

import mujoco
import numpy as np
import pinocchio
import pytest

from vla_ros.robots.embodiment import expand_urdf, load_embodiment, robot_names
from vla_ros.sim.robot_model import robot_spec

CONFIGURATIONS = 20


class TwoModels:
    """One robot in both libraries, with the same state; arrays are in the order of `joints`."""

    def __init__(self, name: str) -> None:
        robot = load_embodiment(name)
        self.mj = robot_spec(robot).compile()
        self.mj_data = mujoco.MjData(self.mj)
        self.pin = pinocchio.buildModelFromXML(expand_urdf(robot))
        self.pin.gravity.linear = np.array([0.0, 0.0, -9.81])  # MuJoCo's
        self.pin_data = self.pin.createData()
        self.joints = tuple(self.pin.names[1:])
        self.mj_dof = np.array([self.mj.joint(joint).dofadr[0] for joint in self.joints])
        self._mj_q = np.array([self.mj.joint(joint).qposadr[0] for joint in self.joints])
        self.pin_dof = np.array([self.pin.joints[self.pin.getJointId(joint)].idx_v for joint in self.joints])

    def random_state(self, random: np.random.Generator) -> np.ndarray:
        """Put MuJoCo's model into a random configuration; return it in pinocchio's order, [rad] and [m]."""
        q = random.uniform(self.pin.lowerPositionLimit, self.pin.upperPositionLimit)
        self.mj_data.qpos[self._mj_q] = q[self.pin_dof]
        self.mj_data.qvel[:] = 0.0
        mujoco.mj_forward(self.mj, self.mj_data)
        return q


def relative_error(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).max() / np.abs(other).max())


@pytest.fixture(scope="module", params=robot_names())
def models(request) -> TwoModels:
    return TwoModels(request.param)


def test_every_joint_is_known_to_both(models):
    """Only a moving base, whose joints no URDF has, is MuJoCo's alone."""
    alone = {models.mj.joint(joint).name for joint in range(models.mj.njnt)} - set(models.joints)
    assert alone <= {"base_x", "base_y", "base_yaw"}
    assert models.pin.nv == len(models.joints) > 0


def test_kinematics_agree(models):
    random = np.random.default_rng(0)
    frames = {frame.name for frame in models.pin.frames}
    bodies = [models.mj.body(body).name for body in range(1, models.mj.nbody)]
    assert set(bodies) <= frames
    for _ in range(CONFIGURATIONS):
        q = models.random_state(random)
        pinocchio.framesForwardKinematics(models.pin, models.pin_data, q)
        for name in bodies:
            expected, body = models.pin_data.oMf[models.pin.getFrameId(name)], models.mj_data.body(name)
            np.testing.assert_allclose(body.xpos, expected.translation, atol=1e-6)
            np.testing.assert_allclose(body.xmat.reshape(3, 3), expected.rotation, atol=1e-6)


def test_mass_matrices_agree(models):
    random = np.random.default_rng(1)
    mj_mass = np.empty((models.mj.nv, models.mj.nv))
    for _ in range(CONFIGURATIONS):
        q = models.random_state(random)
        pin_mass = pinocchio.crba(models.pin, models.pin_data, q)
        pin_mass = np.triu(pin_mass) + np.triu(pin_mass, 1).T
        mujoco.mj_fullM(models.mj, models.mj_data, mj_mass)
        # The simulator adds motor inertia to the diagonal, which the URDF does not know.
        links = (mj_mass - np.diag(models.mj.dof_armature))[np.ix_(models.mj_dof, models.mj_dof)]
        assert relative_error(links, pin_mass[np.ix_(models.pin_dof, models.pin_dof)]) < 1e-6


def test_gravity_agrees_and_is_compensated(models):
    random = np.random.default_rng(2)
    for _ in range(CONFIGURATIONS):
        q = models.random_state(random)
        expected = pinocchio.computeGeneralizedGravity(models.pin, models.pin_data, q)[models.pin_dof]
        # At rest MuJoCo's bias force is gravity alone.
        assert relative_error(models.mj_data.qfrc_bias[models.mj_dof], expected) < 1e-6
        assert relative_error(models.mj_data.qfrc_gravcomp[models.mj_dof], expected) < 1e-6


def test_every_inertia_is_that_of_a_solid_body(models):
    for body in range(1, models.mj.nbody):
        if models.mj.body_mass[body] > 0.0:
            first, second, third = np.sort(models.mj.body_inertia[body])
            assert first > 0.0, models.mj.body(body).name
            assert first + second >= third, models.mj.body(body).name

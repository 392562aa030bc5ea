# SPDX-License-Identifier: Apache-2.0
"""Jacobians of hands and centre of mass agree with differences of places, the base's columns too."""

import dataclasses

import numpy as np
import pinocchio as pin
import pytest
from robot_rigs.whole_robot import described

from controllers.errors import ConfigError
from controllers.whole_body.model import BodyModel

STEP = 1e-6


def configuration(model, body, seed):
    lower = np.concatenate([group.lower for group in body.groups.values()])
    upper = np.concatenate([group.upper for group in body.groups.values()])
    return np.random.default_rng(seed).uniform(lower, upper)


def placed(model, place):
    """Return the base's pose (4, 4)."""
    T = np.eye(4)
    T[:2, :2] = [[np.cos(place[2]), -np.sin(place[2])], [np.sin(place[2]), np.cos(place[2])]]
    T[:2, 3] = place[:2]
    return T


def moved(model, q, variable, step):
    """Return base pose and q after one variable has moved from the origin."""
    place, q = np.zeros(3), q.copy()
    if variable < model.moved:
        place[model.axes[variable]] = step
    else:
        q[variable - model.moved] += step
    return placed(model, place), q


@pytest.mark.parametrize("robot", ["bytemini", "agilex", "ur5e"])
def test_jacobians_are_derivatives(robot):
    body = described(robot)
    model = BodyModel(body)
    q = configuration(model, body, 3)
    model.update(q)
    J = {name: value.copy() for name, value in model.J.items()}
    J_center = model.J_center.copy()
    for variable in range(model.size):
        seen = []
        for step in (-STEP, STEP):
            T, there = moved(model, q, variable, step)
            model.update(there)
            seen.append(({name: T @ pose for name, pose in model.T_base_ee.items()}, T @ [*model.center, 1.0]))
        (before, center_before), (after, center_after) = seen
        for name in J:
            linear = (after[name][:3, 3] - before[name][:3, 3]) / (2.0 * STEP)
            angular = pin.log3(after[name][:3, :3] @ before[name][:3, :3].T) / (2.0 * STEP)
            np.testing.assert_allclose(J[name][:, variable], [*linear, *angular], atol=1e-6)
        if body.groups and variable < model.moved + 14:  # fingers: the second one's mass goes the other way, unseen
            np.testing.assert_allclose(
                J_center[:, variable], (center_after - center_before)[:3] / (2.0 * STEP), atol=1e-6
            )


@pytest.mark.parametrize("robot", ["bytemini", "agilex"])
def test_momentum_is_that_of_the_floating_robot(robot):
    """Angular momentum about the centre of mass of all links, the base's with them."""
    body = described(robot)
    model = BodyModel(body)
    model.update(configuration(model, body, 4))
    floating = pin.buildModelFromXML(body.urdf, pin.JointModelFreeFlyer())
    data = floating.createData()
    q = pin.neutral(floating)
    q[7:] = model.q_whole
    for variable in range(model.size):
        v = np.zeros(floating.nv)
        if variable < model.moved:
            v[{0: 0, 1: 1, 2: 5}[model.axes[variable]]] = 1.0
        else:
            v[6:] = model.selection[:, variable - model.moved]
        pin.computeCentroidalMomentum(floating, data, q, v)
        np.testing.assert_allclose(model.J_momentum[:, variable], data.hg.angular, atol=1e-9)


def test_the_whole_mass_counts_with_the_base():
    """Pinocchio leaves out what no joint moves: 60 of ByteMini's 87.4 kg."""
    body = described()
    model = BodyModel(body)
    model.update(configuration(model, body, 0))
    floating = pin.buildModelFromXML(body.urdf, pin.JointModelFreeFlyer())
    q = pin.neutral(floating)
    q[7:] = model.q_whole
    center = pin.centerOfMass(floating, floating.createData(), q)
    np.testing.assert_allclose(model.center, center, atol=1e-9)
    assert model.mass == pytest.approx(pin.computeTotalMass(floating))


def test_both_fingers_move_by_one_variable():
    body = described()
    model = BodyModel(body)
    q = np.zeros(len(model.joints))
    q[model.parts["left_gripper"]] = 0.03
    model.update(q)
    fingers = [model.q_whole[model.pinocchio.joints[model.pinocchio.getJointId(name)].idx_q]
               for name in ("left_finger1_joint", "left_finger2_joint")]  # fmt: skip
    assert fingers == [0.03, 0.03]


def test_an_unknown_joint_is_named_with_the_nearest():
    body = described()
    group = dataclasses.replace(body.groups["lift"], joints=("lift_joit",))
    with pytest.raises(ConfigError, match="did you mean 'lift_joint'"):
        BodyModel(dataclasses.replace(body, groups={**body.groups, "lift": group}))

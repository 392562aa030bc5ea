# SPDX-License-Identifier: Apache-2.0
"""Many poses at once: the same kinematics as one by one, and what is found is there."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.arm.many_poses import solve_many
from controllers.arm.model import ArmModel
from vla_ros.robots.embodiment import expand_urdf, load_embodiment


@pytest.fixture(scope="module", params=["agilex", "bytemini", "franka"])
def arm(request) -> tuple[ArmModel, np.ndarray]:
    robot = load_embodiment(request.param)
    group = robot.arms[0]
    model = ArmModel(expand_urdf(robot), group.joints, group.tool_frame)
    if model.mount.carriers:
        model.mount.place(np.full(len(model.mount.carriers), 0.1))
    return model, group.home


def configurations(model: ArmModel, count: int) -> np.ndarray:
    return np.random.default_rng(0).uniform(model.lower + 0.1, model.upper - 0.1, (count, model.size))


def test_kinematics_are_those_of_one_by_one(arm):
    model, _ = arm
    q = configurations(model, 20)
    T, J = model.forward_many(q)
    for index, one in enumerate(q):
        np.testing.assert_allclose(T[index], model.forward(one), atol=1e-9)
        np.testing.assert_allclose(J[index], model.jacobian(one), atol=1e-9)


def test_what_is_found_is_there_and_most_is_found(arm):
    model, _ = arm
    goals = configurations(model, 100)
    near = np.clip(goals + np.random.default_rng(1).normal(0.0, 0.3, goals.shape), model.lower, model.upper)
    targets = model.forward_many(goals)[0]
    q = solve_many(model, targets, near)
    found = np.isfinite(q).all(axis=1)
    assert found.mean() > 0.8
    assert (q[found] >= model.lower).all()
    assert (q[found] <= model.upper).all()
    np.testing.assert_allclose(model.forward_many(q[found])[0], targets[found], atol=2e-3)


def test_what_is_out_of_reach_is_not_found(arm):
    model, home = arm
    far = np.eye(4)
    far[:3, 3] = (0.0, 0.0, 5.0)
    assert np.isnan(solve_many(model, far[None], home)).all()
    assert solve_many(model, np.empty((0, 4, 4)), home).shape == (0, model.size)

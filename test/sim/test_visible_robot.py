# SPDX-License-Identifier: Apache-2.0
"""Every link where the arm's own model and the policy's robot filter have it."""

from __future__ import annotations

import numpy as np
import pytest

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.policies.geometric.perceiving.self_filter import RobotShape
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.visible_robot import VisibleRobot

FRANKA = load_embodiment("franka")
ARM, GRIPPER = FRANKA.arms[0], FRANKA.grippers[0]
URDF = expand_urdf(FRANKA)


@pytest.fixture
def tree() -> VisibleRobot:
    return VisibleRobot(URDF, [*ARM.joints, *GRIPPER.joints])


@pytest.fixture
def q() -> np.ndarray:
    random = np.random.default_rng(3)
    return np.concatenate([random.uniform(ARM.lower, ARM.upper), [0.03, 0.03]])


def test_the_tool_is_where_the_arm_model_has_it(tree, q):
    tree.update(q)
    expected = ArmModel(URDF, ARM.joints, ARM.tool_frame).forward(q[:7])
    np.testing.assert_allclose(tree.T_base_link(ARM.tool_frame), expected, atol=1e-12)


def test_transforms_from_parent_to_child_lead_to_every_link(tree, q):
    tree.update(q)
    placed = {tree.root: np.eye(4)}
    for parent, child, T_parent_child in tree.transforms():
        placed[child] = placed[parent] @ T_parent_child  # children come after their parents
    assert placed.keys() == {tree.root, *tree.parents}
    for link, T_base_link in placed.items():
        np.testing.assert_allclose(T_base_link, tree.T_base_link(link), atol=1e-12)
    assert tree.parents[ARM.tool_frame] == "panda_hand"


def test_joints_may_come_in_any_order(tree, q):
    tree.update(q)
    reverse = VisibleRobot(URDF, [*ARM.joints, *GRIPPER.joints][::-1])
    reverse.update(q[::-1])
    np.testing.assert_allclose(reverse.T_base_link("panda_leftfinger_tip"), tree.T_base_link("panda_leftfinger_tip"))


def test_visible_shapes_are_where_the_robot_filter_has_them(tree, q):
    tree.update(q)
    expected = RobotShape(URDF, ARM.joints, GRIPPER.joints).place(q[:7], 2 * q[7])
    assert len(tree.shapes) == len(expected) > 30
    for shape, (primitive, T_base_shape) in zip(tree.shapes, expected, strict=True):
        np.testing.assert_allclose(tree.T_base_link(shape.link) @ shape.T_link_shape, T_base_shape, atol=1e-9)
        assert shape.kind == primitive.shape
        half = {"box": shape.size / 2, "cylinder": shape.size[[0, 2]] / 2, "sphere": shape.size[:1] / 2}[shape.kind]
        np.testing.assert_allclose(half, primitive.size)
        assert np.all((shape.color >= 0.0) & (shape.color <= 1.0))


def test_an_unknown_name_is_named(tree):
    with pytest.raises(ConfigError, match="panda_joint7"):
        VisibleRobot(URDF, ["panda_joint77"])
    with pytest.raises(ConfigError, match="panda_tcp"):
        tree.T_base_link("panda_tpc")

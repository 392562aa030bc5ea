# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pinocchio
import pytest

from controllers.errors import ConfigError
from vla_ros.robots.embodiment import expand_urdf, load_embodiment
from vla_ros.robots.link_tree import LinkTree

JOINT = '<joint name="j" type="{kind}"><parent link="a"/><child link="b"/>{more}</joint>'


@pytest.fixture(scope="module")
def urdf() -> str:
    return expand_urdf(load_embodiment("franka"))


def _tree(kind: str, more: str = "") -> LinkTree:
    return LinkTree(f'<robot name="r"><link name="a"/><link name="b"/>{JOINT.format(kind=kind, more=more)}</robot>')


def test_a_chain_of_transforms_is_where_pinocchio_says_the_links_are(urdf):
    embodiment = load_embodiment("franka")
    tree = LinkTree(urdf)
    model = pinocchio.buildModelFromXML(urdf)
    data, rng = model.createData(), np.random.default_rng(3)
    for _ in range(20):
        q = rng.uniform(model.lowerPositionLimit, model.upperPositionLimit)
        positions = {name: q[model.joints[i].idx_q] for i, name in enumerate(model.names) if i > 0}
        for gripper in embodiment.grippers:  # every finger stands where the first one does
            for joint in gripper.joints:
                q[model.joints[model.getJointId(joint)].idx_q] = positions[gripper.joints[0]]
        pinocchio.framesForwardKinematics(model, data, q)
        links = [*tree.fixed, *tree.moving(positions)]
        T_world = {"world": np.eye(4)} | {
            link.parent: np.eye(4) for link in links if link.parent not in _children(links)
        }
        while any(link.child not in T_world for link in links):
            for link in links:
                if link.parent in T_world:
                    T_world[link.child] = T_world[link.parent] @ link.T_parent_child
        for name, T in T_world.items():
            if model.existFrame(name):
                np.testing.assert_allclose(T, data.oMf[model.getFrameId(name)].homogeneous, atol=1e-9, err_msg=name)
        assert embodiment.arms[0].tool_frame in T_world


def _children(links) -> set[str]:
    return {link.child for link in links}


def test_a_mimicking_joint_follows_the_one_it_mimics():
    tree = _tree("prismatic", '<axis xyz="0 0 2"/><mimic joint="k" multiplier="-2" offset="0.5"/>')
    assert tree.joints == ("k",)
    (link,) = tree.moving({"k": 0.1})
    np.testing.assert_allclose(link.T_parent_child[:3, 3], [0.0, 0.0, 0.3])


def test_a_joint_of_unknown_position_is_left_out():
    assert _tree("continuous").moving({}) == []


def test_a_kind_of_joint_that_tf_does_not_know_is_named():
    with pytest.raises(ConfigError, match="joint 'j' is floating"):
        _tree("floating")

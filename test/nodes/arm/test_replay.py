# SPDX-License-Identifier: Apache-2.0
"""A recorded motion executed again by real nodes; an arm that stands elsewhere is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from bags.replay_bag import INSTRUCTION, target, write_replay_bag
from rig.nodes import NodeUnderTest, Operator

from vla_ros.robots.embodiment import load_embodiment

HOME = np.array(load_embodiment("franka").arms[0].home)


@pytest.fixture
def operator(graph) -> Operator:
    """Return the operator of an arm that nobody has enabled: the replay does."""
    return graph.operator


def replayed(operator: Operator, source, **parameters) -> tuple[int, str, list[np.ndarray]]:
    node = NodeUnderTest("replay", source=source, in_charge=True, use_sim_time=True, **parameters)
    tools = []

    def ended() -> bool:
        tools.append(operator.T_base_ee[:3, 3].copy())
        return node.process.poll() is not None

    assert operator.spin_until(ended, 60.0)
    output, _ = node.process.communicate()
    return node.process.returncode, output, tools


def test_a_recorded_motion_is_executed_again(operator, tmp_path):
    code, output, tools = replayed(operator, write_replay_bag(tmp_path / "small"))
    assert code == 0, output
    assert INSTRUCTION in output
    assert "executed" in output
    middle = target(1.5)[:3]  # the furthest point
    assert np.linalg.norm(np.array(tools) - middle, axis=1).min() < 0.01
    assert operator.spin_until(lambda: not operator.progress.enabled, 30.0)
    np.testing.assert_allclose(operator.T_base_ee[:3, 3], target(3.0)[:3], atol=0.01)


def test_an_arm_that_stands_elsewhere_is_not_moved(operator, tmp_path):
    before = operator.T_base_ee.copy()
    bag = write_replay_bag(tmp_path / "elsewhere", start=HOME + np.eye(7)[3] * 0.4)
    code, output, _ = replayed(operator, bag)
    assert code == 1
    assert "panda_joint4 is 0.40 rad away, allowed 0.1" in output
    np.testing.assert_allclose(operator.T_base_ee, before, atol=5e-3)


def test_what_is_no_bag_ends_the_node_in_one_line(operator, tmp_path):
    code, output, _ = replayed(operator, tmp_path / "none")
    assert code != 0
    assert "no such bag" in output
    assert "Traceback" not in output

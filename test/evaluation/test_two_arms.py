# SPDX-License-Identifier: Apache-2.0
"""A score of a task for the test robot: its arm with the gripper grasps, wherever its lift and other arm are."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from robot_rigs.two_armed_robot import PAIR, PairWorld, pair

from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.sim.scenes.request import SceneRequest
from vla_ros.tasks.table import load_task

SEED = 501


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert", robot=str(PAIR)))


def test_the_expert_lifts_with_the_arm_that_has_the_gripper(runner):
    result = runner.run(SEED)
    assert (result.success, result.first_lifted) == (True, result.target), result.cause
    assert result.attempts >= 1


@pytest.mark.parametrize("seed", range(500, 506))
def test_what_is_to_be_grasped_is_in_reach_of_the_gripper(seed):
    scene = load_task("grasping").scene(SceneRequest(seed=seed, robot=str(PAIR)))
    reach = pair().gripper_arm.reach
    distance = np.linalg.norm(scene.target_object.T_base_object[:2, 3] - reach.axis)
    assert reach.nearest <= distance <= reach.wrist + reach.wrist_offset


def test_the_expert_plans_from_where_the_lift_stands(runner):
    robot = PairWorld(runner.scene(SEED))
    expert = runner.task.expert(robot.world, runner.arm_model)
    target, q = robot.world.scene.target, robot.world.arms["left"].q
    before = expert.planner.plan(target, robot.world.tool_pose("left"), q).grasp
    robot.submit({"lift_joint/position": np.linspace(0.1, 0.16, 10)}, step=0.1)
    robot.run(3.0)
    np.testing.assert_allclose(robot.world.joint_groups["lift"].q, 0.16, atol=2e-3)
    q = robot.world.arms["left"].q
    after = expert.planner.plan(target, robot.world.tool_pose("left"), q).grasp
    np.testing.assert_allclose(expert.planner.arm.forward(q), robot.world.tool_pose("left"), atol=2e-3)
    assert np.linalg.norm(after.T_base_grasp[:3, 3] - before.T_base_grasp[:3, 3]) < 0.1, "the object has not moved"


def test_a_robot_without_a_gripper_is_refused_before_anything_runs(tmp_path: Path):
    text = PAIR.read_text()
    gripper = text[text.index("  - name: left_gripper") : text.index("  - {name: right_cup")]
    for name in ("pair.urdf.xacro", "pair_impedance.yaml"):
        (tmp_path / name).symlink_to(PAIR.with_name(name))
    (tmp_path / "pair.yaml").write_text(text.replace(gripper, ""))
    settings = EpisodeSettings(policy="expert", robot=str(tmp_path / "pair.yaml"))
    with pytest.raises(ConfigError, match=r"robot 'pair' has 0 grippers \(none\)"):
        settings.check()
    with pytest.raises(ConfigError, match="unknown task 'graspin'"):
        dataclasses.replace(settings, robot=str(PAIR), task="graspin").check()

# SPDX-License-Identifier: Apache-2.0
"""Which of several grippers a task is done with, on which tables, and that the expert lifts with either."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.errors import ConfigError
from vla_ros.evaluation.runner import EpisodeRunner
from vla_ros.evaluation.settings import EpisodeSettings
from vla_ros.robots.embodiment import load_embodiment
from vla_ros.robots.working_gripper import with_working_gripper
from vla_ros.robots.workplace import Workplace

TWO_GRIPPERS = "agilex"


@pytest.mark.parametrize(("y", "gripper"), [(0.3, "left_gripper"), (-0.3, "right_gripper"), (-0.05, "right_gripper")])
def test_the_gripper_of_the_arm_that_reaches_best_is_chosen(y, gripper):
    robot = with_working_gripper(load_embodiment(TWO_GRIPPERS), np.array([0.63, y, 0.6]))
    assert robot.only_gripper.name == gripper
    assert robot.gripper_arm.name == gripper.removesuffix("_gripper")
    assert len(robot.grippers) == 2


def test_an_arm_that_says_no_reach_is_the_last_to_be_chosen():
    robot = load_embodiment(TWO_GRIPPERS)
    left, right = robot.arms
    robot = dataclasses.replace(robot, arms=(dataclasses.replace(left, reach=None), right))
    assert with_working_gripper(robot, np.array([0.6, 0.3, 0.6])).only_gripper.name == "right_gripper"


def test_without_a_choice_two_grippers_are_refused_and_one_is_left_as_it_is():
    with pytest.raises(ConfigError, match="has 2 grippers"):
        _ = load_embodiment(TWO_GRIPPERS).only_gripper
    robot = load_embodiment("franka")
    assert with_working_gripper(robot, np.zeros(3)) is robot


def test_tables_are_drawn_between_the_heights_that_a_workplace_names():
    place = Workplace((0.1, 0.0, 0.55), tables=(0.52, 0.66))
    assert place.table_height(-0.1, -0.1, 0.2) + 0.55 == pytest.approx(0.52)
    assert place.table_height(0.2, -0.1, 0.2) + 0.55 == pytest.approx(0.66)
    assert Workplace((0.1, 0.0, 0.55)).table_height(0.07, -0.1, 0.2) == 0.07
    with pytest.raises(ConfigError, match="'tables' must rise from above the floor"):
        Workplace((0.1, 0.0, 0.55), tables=(0.66, 0.52))


@pytest.fixture(scope="module")
def runner() -> EpisodeRunner:
    return EpisodeRunner(EpisodeSettings(policy="expert", robot=TWO_GRIPPERS))


@pytest.mark.parametrize(("seed", "gripper"), [(506, "left_gripper"), (512, "right_gripper")])
def test_the_expert_lifts_with_the_arm_that_reaches_the_object(runner, seed, gripper):
    scene = runner.scene(seed)
    assert 0.52 <= scene.table.height <= 0.66
    chosen = with_working_gripper(runner.embodiment, scene.target_object.T_base_object[:3, 3])
    assert chosen.only_gripper.name == gripper
    result = runner.run(seed)
    assert (result.success, result.first_lifted) == (True, result.target), result.cause

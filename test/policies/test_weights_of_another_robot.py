# SPDX-License-Identifier: Apache-2.0
"""Weights of the Panda on the FR3, which says that it may take them: names are the FR3's, every check stays."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from controllers.arm.model import ArmModel
from controllers.errors import ConfigError
from vla_ros.configuration import share_directory
from vla_ros.policies.contract import load_contract
from vla_ros.policies.contract_checks import check_checkpoint, check_robot
from vla_ros.policies.graspvla.small.checkpoint_config import CheckpointConfig, read_config
from vla_ros.policies.weights_of_another_robot import contract_on_robot, on_robot
from vla_ros.robots.embodiment import Embodiment, expand_urdf, load_embodiment

SHIPPED = share_directory() / "checkpoints" / "graspvla_small"


@pytest.fixture(scope="module")
def fr3() -> Embodiment:
    return load_embodiment("fr3")


@pytest.fixture(scope="module")
def pandas() -> CheckpointConfig:
    return read_config(SHIPPED)


def test_the_shipped_weights_act_on_the_fr3_by_its_own_names(fr3, pandas):
    config = on_robot(pandas, fr3)
    check_checkpoint(SHIPPED, config, fr3)
    assert (config.robot, config.frame_id) == ("fr3", "fr3_link0")
    assert (config.action.arms, config.action.grippers) == (("fr3",), ("fr3_hand",))
    # What the numbers mean is what it was trained with.
    same = {"robot", "action", "frame_id"}
    for field in dataclasses.fields(config):
        assert field.name in same or getattr(config, field.name) == getattr(pandas, field.name)
    assert dataclasses.replace(config.action, arms=("panda",), grippers=("panda_hand",)) == pandas.action


def test_the_contracts_joints_come_in_the_order_of_the_arm(fr3):
    contract = contract_on_robot(load_contract("franka_grasp"), fr3)
    check_robot(contract, fr3)
    assert contract.state[:7] == tuple(f"fr3_joint{number}/position" for number in range(1, 8))
    assert contract.state[7] == "fr3/position.x"
    assert contract.state[-1] == "fr3_hand/width"
    with pytest.raises(ConfigError, match="contract 'franka_grasp' is for robot 'franka', not 'fr3'"):
        check_robot(load_contract("franka_grasp"), fr3)  # data of the Panda is no data of the FR3


def test_only_a_robot_that_says_so_takes_them(fr3, pandas):
    for other in ("ur5e", "agilex"):
        robot = load_embodiment(other)
        assert on_robot(pandas, robot) is pandas
        with pytest.raises(ConfigError, match=f"was trained for robot 'franka', this is '{other}'"):
            check_checkpoint(SHIPPED, on_robot(pandas, robot), robot)
    franka = load_embodiment("franka")
    assert on_robot(pandas, franka) is pandas
    joints = dataclasses.replace(pandas.action, arms=(), joints=tuple(franka.only_arm.joints))
    by_joints = dataclasses.replace(pandas, action=joints)
    assert on_robot(by_joints, fr3) is by_joints  # ranges differ: a joint of the Panda may be none of the FR3


def test_what_it_needs_is_looked_for_all_the_same(fr3, pandas):
    blind = dataclasses.replace(fr3, described_cameras=(fr3.camera("front"),))
    with pytest.raises(ConfigError, match="needs camera 'side', the robot has front"):
        check_checkpoint(SHIPPED, on_robot(pandas, blind), blind)
    slower = dataclasses.replace(pandas, period=0.05)
    with pytest.raises(ConfigError, match=r"period is 0\.05, but contract 'franka_grasp' says 0\.1"):
        check_checkpoint(SHIPPED, on_robot(slower, fr3), fr3)


def test_a_robot_of_other_joints_cannot_say_so(pandas):
    wrong = dataclasses.replace(load_embodiment("ur5e"), weights_of=("franka",))
    with pytest.raises(
        ConfigError, match=r"weights_of names 'franka', .* \[\[7\], \[2\]\] joints, this one's \[\[6\], \[2\]\]"
    ):
        on_robot(pandas, wrong)


def test_who_shares_weights_has_the_same_kinematics(fr3):
    franka = load_embodiment("franka")
    models = [
        ArmModel(expand_urdf(robot), robot.only_arm.joints, frame)
        for robot, frame in ((franka, "panda_link8"), (fr3, "fr3_link8"))
    ]
    rng = np.random.default_rng(0)
    for _ in range(100):
        q = rng.uniform(-0.6, 0.6, 7) + np.array(fr3.only_arm.home)
        np.testing.assert_allclose(models[1].forward(q), models[0].forward(q), atol=1e-9)

# SPDX-License-Identifier: Apache-2.0
"""LeRobot's single actions to chunks: where, how fast, what is said to have been sent."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from lerobot_parts.observation import CONTRACT, FRANKA, seen

from controllers.errors import ConfigError, VlaError
from vla_ros.nodes.lerobot.action_steps import APPROACH_SPEED, LIMIT_MARGIN, ActionSteps
from vla_ros.nodes.lerobot.feature_names import feature_names
from vla_ros.policies.actions.encoding import ActionEncoding
from vla_ros.policies.contract import load_contract
from vla_ros.policies.observation import Observation

HOME = np.array(FRANKA.arms[0].home)
UPPER, SPEED = FRANKA.arms[0].upper, FRANKA.arms[0].velocity


def standing(q: np.ndarray) -> Observation:
    """Return what is known of an arm at q (7,)."""
    observation = seen()
    arm = dataclasses.replace(observation.state.arms["panda"], q=q)
    state = dataclasses.replace(observation.state, arms={"panda": arm})
    return dataclasses.replace(observation, state=state, commanded=state)


def action(q: np.ndarray, width: float = 0.04) -> np.ndarray:
    return np.array([*q, width])


@pytest.fixture
def steps() -> ActionSteps:
    return ActionSteps(CONTRACT, FRANKA)


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("panda_joint1/position", "panda_joint1.pos"),
        ("panda_joint1/velocity", "panda_joint1.vel"),
        ("panda_hand/width", "panda_hand.width.pos"),
        ("panda/position.x", "panda.position.x.pos"),
        ("panda/delta_rotation.z", "panda.delta_rotation.z.pos"),
        ("base/velocity.yaw", "base.velocity.yaw.vel"),
        ("cup_1/suction", "cup_1.suction.pos"),
    ],
)
def test_names_end_as_lerobots_rollout_takes_them(channel, name):
    assert feature_names([channel]) == (name,)


def test_every_shipped_contract_has_names_of_its_own():
    for name in ("franka_grasp", "franka_grasp_lerobot_pose", "agilex_table", "bytemini_table", "ldt01_fold"):
        contract = load_contract(name)
        for channels in (contract.state, ActionEncoding(contract.action).names):
            assert len(set(feature_names(channels))) == len(channels)


def test_two_channels_of_one_name_are_refused():
    with pytest.raises(ConfigError, match="hand"):
        feature_names(["hand.width/position", "hand/width"])


def test_an_action_is_there_a_period_later_and_stays(steps):
    asked = action(HOME + 0.01, 0.06)
    chunk, sent = steps.step(asked, standing(HOME), 5.0)
    assert chunk.stamp == 5.0
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3])
    for column, value in zip(chunk.channels, [*asked, 0.0], strict=True):
        np.testing.assert_allclose(chunk.column(column), value)
    np.testing.assert_allclose(sent, asked)


def test_an_arm_that_stands_elsewhere_comes_slowly_and_then_follows(steps):
    away = HOME + np.eye(7)[0] * 0.5
    _, sent = steps.step(action(away), standing(HOME), 0.0)
    assert steps.approaching
    assert sent[0] - HOME[0] == pytest.approx(0.1 * APPROACH_SPEED)
    for k in range(1, 40):
        before = sent
        _, sent = steps.step(action(away), standing(HOME), 0.1 * k)
        assert abs(sent[0] - before[0]) <= 0.1 * 0.6 * SPEED[0] + 1e-12
    assert not steps.approaching
    np.testing.assert_allclose(sent, action(away))
    # From now on it may be quick: 0.6 of the joint's limit.
    _, sent = steps.step(action(HOME), standing(away), 4.0)
    assert away[0] - sent[0] == pytest.approx(0.1 * 0.6 * SPEED[0])


def test_actions_at_a_higher_rate_are_no_faster(steps):
    sent = np.zeros(8)
    for k in range(51):  # a second of 50 a second
        _, sent = steps.step(action(HOME + 1.0), standing(HOME), 0.02 * k)
    assert sent[0] - HOME[0] <= 1.2 * APPROACH_SPEED


def test_joints_stay_within_their_limits_and_widths_too(steps):
    near = UPPER - 0.05
    _, sent = steps.step(action(UPPER + 0.05, 0.2), standing(near), 0.0)
    np.testing.assert_allclose(sent, [*(UPPER - LIMIT_MARGIN).clip(max=near + 0.06 * SPEED), 0.08])
    _, sent = steps.step(action(UPPER + 0.05, -0.2), standing(near), 0.1)
    assert sent[7] == 0.0


@pytest.mark.parametrize("wrong", [np.zeros(7), np.array([*HOME, np.nan]), np.zeros((1, 8))])
def test_what_is_no_action_is_refused(steps, wrong):
    with pytest.raises(VlaError, match="8 finite numbers"):
        steps.step(wrong, standing(HOME), 0.0)


def test_after_a_pause_it_begins_where_the_arm_is(steps):
    steps.step(action(HOME), standing(HOME), 0.0)
    moved = HOME + 0.4  # by somebody else
    _, sent = steps.step(action(moved), standing(moved), 9.0)
    np.testing.assert_allclose(sent[:7], moved)


def test_poses_and_deltas_are_what_a_dataset_would_hold():
    contract = load_contract("franka_grasp_lerobot_pose")
    for reference, anchor in (("absolute", "none"), ("delta", contract.action.target)):
        own = dataclasses.replace(contract.action, reference=reference, anchor=anchor)
        steps = ActionSteps(dataclasses.replace(contract, action=own), FRANKA)
        observation = standing(HOME)
        known = {**observation.state.values, "panda_hand/width": 0.03}
        row = steps.row(known, observation)
        chunk, sent = steps.step(row, observation, 0.0)
        np.testing.assert_allclose(sent, row, atol=1e-9)
        np.testing.assert_allclose(chunk.positions("panda")[0], observation.state.arms["panda"].T_base_ee[:3, 3])
        if reference == "delta":
            np.testing.assert_allclose(row[:3], 0.0, atol=1e-9)

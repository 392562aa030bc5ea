# SPDX-License-Identifier: Apache-2.0
"""Rows of an action contract become chunks of a robot's groups and come back, whatever the contract moves."""

from __future__ import annotations

import numpy as np
import pytest
from arms.delta_actions import integrate_actions
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.chunks.chunk import STATUS_CHANNEL, ActionChunk, TaskStatus, instruction_hash
from controllers.errors import ConfigError
from vla_ros.policies.actions.codec import ActionCodec, state_values
from vla_ros.policies.actions.single_arm import SingleArmCodec, tool_deltas
from vla_ros.policies.contract import ActionContract
from vla_ros.policies.observation import (
    ArmState,
    BaseState,
    EndEffectorState,
    JointGroupState,
    Observation,
    RobotState,
)
from vla_ros.robots.embodiment import load_embodiment


def transform(position, rotvec=(0.0, 0.0, 0.0)) -> np.ndarray:
    T = np.eye(4)
    T[:3, :3] = Rotation.from_rotvec(rotvec).as_matrix()
    T[:3, 3] = position
    return T


def two_armed(shift: float) -> RobotState:
    """Return the state of two arms of six joints, a gripper, a lift and a base."""
    names = {side: tuple(f"{side}_joint{i}" for i in range(1, 7)) for side in ("left", "right")}
    arms = {
        side: ArmState(joints, shift + 0.1 * np.arange(6) + number, np.full(6, 0.01), transform([shift, number, 0.5]))
        for number, (side, joints) in enumerate(names.items())
    }
    lift = {"lift": JointGroupState(("lift_joint",), np.array([0.2 + shift]), np.zeros(1))}
    tools = {"left_gripper": EndEffectorState(0.05), "right_cup": EndEffectorState()}
    return RobotState(2.0, arms, tools, lift, BaseState(np.eye(4), np.array([0.1, 0.0, -0.2])))


@pytest.fixture
def observation() -> Observation:
    return Observation(2.0, "pick up the red mug", {}, two_armed(0.0), two_armed(0.01))


BOTH = ActionContract(
    arms=("left", "right"), joints=("lift_joint",), grippers=("left_gripper",), reference="relative",
    rotation="rotation_6d", horizon=5,
)  # fmt: skip
JOINTS = ActionContract(joints=("right_joint2", "lift_joint", "left_joint6"), reference="delta", horizon=5)
ABSOLUTE = ActionContract(arms=("right",), grippers=("left_gripper",), anchor="none", horizon=5)


@pytest.mark.parametrize("action", [BOTH, JOINTS, ABSOLUTE, tool_deltas("left", "left_gripper", horizon=5)])
@settings(max_examples=15)
@given(seed=st.integers(0, 10_000))
def test_targets_become_rows_and_a_chunk_and_come_back(action: ActionContract, seed: int):
    rng = np.random.default_rng(seed)
    observation = Observation(2.0, "x", {}, two_armed(0.0), two_armed(0.01))
    codec = ActionCodec(action, "base", 0.1)
    targets = rng.normal(size=(5, len(action.channels)))
    for number in range(len(action.arms)):
        targets[:, 7 * number + 3 : 7 * number + 7] = Rotation.random(5, random_state=seed).as_quat()
    chunk = codec.chunk_of_targets(observation, targets)
    rows = codec.rows(chunk, codec.anchor(observation))
    assert rows.shape == (5, codec.size)
    back = codec.chunk(observation, rows)
    np.testing.assert_allclose(codec.rows(back, codec.anchor(observation)), rows, atol=1e-9)
    assert back.channels == (*action.channels, STATUS_CHANNEL)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000))
def test_the_seven_numbers_are_graspvlas(seed: int):
    """Composed one by one they lead where the chunk goes."""
    rng = np.random.default_rng(seed)
    T = transform(rng.normal(size=3), rng.normal(size=3))
    arm = ArmState(("j",), np.zeros(1), np.zeros(1), T)
    state = RobotState(0.0, {"arm": arm}, {"hand": EndEffectorState(0.0)})
    actions = np.column_stack([rng.normal(0, 0.05, (5, 3)), rng.normal(0, 0.3, (5, 3)), rng.uniform(0, 0.08, 5)])
    codec = SingleArmCodec(tool_deltas("arm", "hand", horizon=5), "base")
    chunk = codec.chunk(Observation(0.0, "x", {}, state, state), actions)
    poses = integrate_actions(actions, T)
    np.testing.assert_allclose(chunk.positions("arm"), poses[:, :3, 3], atol=1e-12)
    np.testing.assert_allclose(Rotation.from_quat(chunk.quaternions("arm")).as_matrix(), poses[:, :3, :3], atol=1e-9)
    np.testing.assert_array_equal(chunk.column("hand/width"), actions[:, 6])
    np.testing.assert_allclose(
        codec.rows(chunk, codec.anchor(Observation(0.0, "x", {}, state, state))), actions, atol=1e-9
    )


def test_rotation_is_applied_in_the_base_frame():
    state = RobotState(0.0, {"arm": ArmState(("j",), np.zeros(1), np.zeros(1), transform([0, 0, 0], [np.pi, 0, 0]))})
    codec = SingleArmCodec(tool_deltas("arm", "hand", horizon=1), "base")
    chunk = codec.chunk(Observation(0.0, "x", {}, state, state), np.array([[0, 0, 0, 0, 0, np.pi / 2, 0.0]]))
    # The tool points down; a turn about the base's z takes its x axis (base +x) to base +y.
    R = Rotation.from_quat(chunk.quaternions("arm")[0]).as_matrix()
    np.testing.assert_allclose(R[:, 0], [0, 1, 0], atol=1e-12)


def test_anchor_decides_what_the_first_action_is_relative_to(observation):
    still = np.zeros((4, 7))
    for anchor, x in (("commanded", 0.01), ("measured", 0.0)):
        codec = SingleArmCodec(tool_deltas("right", "left_gripper", anchor), "base")
        np.testing.assert_allclose(codec.chunk(observation, still).positions("right")[-1], [x, 1.0, 0.5])


def test_chunk_carries_stamp_times_status_and_the_hash_of_its_instruction(observation):
    codec = SingleArmCodec(tool_deltas("left", "left_gripper"), "base_link")
    chunk = codec.chunk(observation, np.zeros((4, 7)), TaskStatus.INVALID, sequence=3)
    assert (chunk.stamp, chunk.sequence, chunk.frame_id) == (2.0, 3, "base_link")
    np.testing.assert_allclose(chunk.times, [0.1, 0.2, 0.3, 0.4])
    assert chunk.status is TaskStatus.INVALID
    assert chunk.instruction == instruction_hash("Pick up  the RED mug")


def test_a_state_says_every_number_by_its_channel():
    channels = ("right/position.y", "left_joint3/position", "left_gripper/width", "lift_joint/position",
                "lift_joint/velocity", "base/velocity.yaw")  # fmt: skip
    np.testing.assert_allclose(state_values(two_armed(0.0), channels), [1.0, 0.2, 0.05, 0.2, 0.0, -0.2])
    assert "right_cup/width" not in two_armed(0.0).values


def test_what_a_robot_or_a_chunk_does_not_have_is_named(observation):
    codec = ActionCodec(ActionContract(joints=("left_joint9",)), "base", 0.1)
    with pytest.raises(ConfigError, match=r"channel 'left_joint9/position'.*left_joint1/position"):
        codec.anchor(observation)
    chunk = ActionChunk(0.0, "base", ("lift_joint/position",), np.array([0.1]), np.array([[0.1]]), 1)
    with pytest.raises(ConfigError, match="channel 'left_joint9/position'"):
        codec.rows(chunk, np.zeros(1))


def test_a_policy_of_one_arm_refuses_contracts_and_robots_of_more():
    with pytest.raises(ConfigError, match="moves one arm by its tool and one gripper"):
        SingleArmCodec(BOTH, "base")
    with pytest.raises(ConfigError, match="period must be > 0 s, got 0"):
        SingleArmCodec(tool_deltas("arm", "hand"), "base", 0.0)
    franka = SingleArmCodec.of(load_embodiment("franka"))
    assert (franka.arm, franka.gripper, franka.frame_id) == ("panda", "panda_hand", "panda_link0")

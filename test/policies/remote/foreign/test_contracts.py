# SPDX-License-Identifier: Apache-2.0
"""Contracts: what poses, two arms and grippers are as numbers, and which contracts cannot be."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from policy_making.foreign_servers import T_TOOL, observation
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.configuration import build, config_names
from vla_ros.policies.needs import check_needs
from vla_ros.policies.remote.address import server_address
from vla_ros.policies.remote.foreign.actions import ServerActions
from vla_ros.policies.remote.foreign.contract import ActionPart, ServerContract, load_server_contract
from vla_ros.policies.remote.foreign.pictures import fitted_picture
from vla_ros.policies.remote.foreign.policy import ForeignPolicy, server_protocol
from vla_ros.robots.embodiment import load_embodiment

FRANKA, AGILEX = load_embodiment("franka"), load_embodiment("agilex")
LIBERO = load_server_contract("openpi_libero")


def policy(contract: ServerContract, robot=FRANKA) -> ForeignPolicy:
    """Return a policy that asks nobody."""
    return ForeignPolicy(server_protocol(contract, robot, server_address("ws://127.0.0.1:9"), ""), robot, 1.0, 1.0)


def moved(contract: ServerContract, rows: list[list[float]], robot=FRANKA, **changes) -> dict[str, np.ndarray]:
    """Return the targets of rows by channel."""
    targets = ServerActions(contract, robot).targets(np.array(rows, dtype=float), observation(robot, **changes))
    return dict(zip(contract.gives(robot).channels, targets.T, strict=True))


@pytest.mark.parametrize("name", config_names("servers"))
def test_every_contract_that_ships_fits_its_robots(name):
    contract = load_server_contract(name)
    for robot in map(load_embodiment, contract.robots):
        assert contract.gives(robot).horizon == contract.take
        check_needs(contract.needs(), robot, name, any_camera=True)
        sent = server_protocol(
            contract, robot, server_address("tcp://127.0.0.1:9" if contract.protocol != "openpi" else "ws://127.0.0.1:9",
                                            contract.protocol != "openpi"), "")  # fmt: skip
        sent.close()


def test_libero_is_sent_its_own_frame_and_fingers():
    sent = policy(LIBERO).message(observation(FRANKA))
    assert set(sent) == {"observation/image", "observation/wrist_image", "observation/state", "prompt"}
    state = sent["observation/state"]
    np.testing.assert_allclose(state[:3], [0.5 - 0.66, 0.1, 0.3 + 0.0264 + 0.912], atol=1e-6)
    np.testing.assert_allclose(Rotation.from_rotvec(state[3:6]).as_matrix(), T_TOOL[:3, :3], atol=1e-6)
    np.testing.assert_allclose(state[6:], [0.02, -0.02], atol=1e-6)


def test_libero_steps_are_a_twentieth_and_half_a_radian_and_end_at_one():
    step = [1.0, -0.5, 3.0, 0.0, 0.0, 0.5, -1.0]
    found = moved(LIBERO, [step] * 5)
    np.testing.assert_allclose(found["panda/position.x"], 0.5 + 0.05 * np.arange(1, 6), atol=1e-9)
    np.testing.assert_allclose(found["panda/position.y"], 0.1 - 0.025 * np.arange(1, 6), atol=1e-9)
    np.testing.assert_allclose(found["panda/position.z"][-1], 0.3 + 0.25, atol=1e-9)
    q = np.stack([found[f"panda/orientation.{axis}"] for axis in "xyzw"], axis=1)
    turned = Rotation.from_quat(q[-1]) * Rotation.from_matrix(T_TOOL[:3, :3]).inv()
    np.testing.assert_allclose(turned.as_rotvec(), [0.0, 0.0, 1.25], atol=1e-9)
    assert (found["panda_hand/width"] == FRANKA.only_gripper.width_max).all()  # -1 is open there


def test_a_turn_about_the_servers_tool_moves_ours():
    """Its tool lies 26.4 mm before ours: it stays where it is while ours swings about it."""
    found = moved(LIBERO, [[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]])
    R = Rotation.from_rotvec([0.0, 0.5, 0.0])
    arm = R.apply([0.0, 0.0, -0.0264])  # from its tool to ours, downwards
    position = np.array([found[f"panda/position.{axis}"][0] for axis in "xyz"])
    np.testing.assert_allclose(position, np.array([0.5, 0.1, 0.3 + 0.0264]) + arm, atol=1e-9)


def test_two_arms_are_told_apart():
    contract = load_server_contract("openpi_aloha")
    sent = policy(contract, AGILEX).message(observation(AGILEX))
    left, right = AGILEX.arm("left"), AGILEX.arm("right")
    np.testing.assert_allclose(sent["state"], [*left.home, 0.5, *right.home, 0.5], atol=1e-6)
    assert sent["images"]["cam_high"].shape == (3, 224, 224)
    rows = np.arange(14.0)
    rows[[6, 13]] = 0.25, 2.0
    found = moved(contract, [rows.tolist()] * 25, AGILEX)
    assert [found[f"{joint}/position"][0] for joint in left.joints] == [0, 1, 2, 3, 4, 5]
    assert [found[f"{joint}/position"][0] for joint in right.joints] == [7, 8, 9, 10, 11, 12]
    low, high = AGILEX.gripper("left_gripper").width_min, AGILEX.gripper("left_gripper").width_max
    assert found["left_gripper/width"][0] == pytest.approx(low + 0.25 * (high - low))
    assert found["right_gripper/width"][0] == pytest.approx(high)  # 2 is no more than open


@pytest.mark.parametrize("rotation", ["rotation_vector", "euler", "quaternion", "rotation_6d"])
def test_absolute_poses_of_every_kind_come_out_as_they_went_in(rotation):
    parts = (ActionPart("position"), ActionPart(rotation), ActionPart("gripper"))
    contract = dataclasses.replace(LIBERO, take=1, actions=parts, state={"pose": ("position", rotation, "closed")})
    sent = policy(contract).message(observation(FRANKA))
    found = moved(contract, [sent["pose"].tolist()])
    position = [found[f"panda/position.{axis}"][0] for axis in "xyz"]
    q = [found[f"panda/orientation.{axis}"][0] for axis in "xyzw"]
    np.testing.assert_allclose(position, T_TOOL[:3, 3], atol=1e-6)
    np.testing.assert_allclose(Rotation.from_quat(q).as_matrix(), T_TOOL[:3, :3], atol=1e-6)


def test_one_axis_of_a_pose_is_a_number_of_its_own():
    contract = dataclasses.replace(LIBERO, state={"x": ("position.x",), "yaw": ("euler.z",)})
    sent = policy(contract).message(observation(FRANKA))
    np.testing.assert_allclose(sent["x"], [0.5 - 0.66], atol=1e-6)
    assert sent["yaw"].shape == (1,)


@pytest.mark.parametrize("zeros", [[0.0] * 6, [1.0, 0.0, 0.0, 2.0, 0.0, 0.0]])
def test_an_orientation_that_is_none_is_refused(zeros):
    parts = (ActionPart("position"), ActionPart("rotation_6d"))
    contract = dataclasses.replace(LIBERO, take=1, actions=parts)
    with pytest.raises(ConfigError, match="two columns are zero or parallel"):
        moved(contract, [[0.0, 0.0, 0.0, *zeros]])


def test_pictures_are_cut_turned_and_laid_out_as_they_are_wanted():
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:, 80:560] = 200  # what is left of it in the middle
    picture[:240, 80:320, 0] = 50  # its upper left
    wanted = dataclasses.replace(LIBERO.pictures["observation/image"], fit="crop")
    cut = fitted_picture(picture, wanted)
    assert cut[5, 5].tolist() == [50, 200, 200]
    assert cut[200, 200].tolist() == [200, 200, 200]
    turned = fitted_picture(picture, dataclasses.replace(wanted, turned=True))
    assert turned[200, 200].tolist() == [50, 200, 200]
    planar = fitted_picture(picture, dataclasses.replace(wanted, planar=True))
    np.testing.assert_array_equal(planar, cut.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"protocol": "openpie"}, "did you mean 'openpi'"),
        ({"actions": [{"kind": "joint_step"}]}, "did you mean 'joint_steps'"),
        ({"actions": [{"kind": "joint_steps", "scale": 3.0, "bound": 1.0}]}, "an action moves up to 3"),
        ({"actions": [{"kind": "joint_steps", "scale": -1.0}]}, "scale must be above 0"),
        ({"actions": [{"kind": "position_steps"}]}, "position_steps: give joints"),
        ({"actions": [{"kind": "joints"}, {"kind": "position"}, {"kind": "euler"}]}, "give joints, joint_steps"),
        ({"actions": [{"kind": "joints"}, {"kind": "joints"}]}, "joints stands there twice"),
        ({"actions": [{"kind": "joints"}, {"kind": "gripper", "closed": 0.0, "open": 0.0}]}, "must differ"),
        ({"actions": []}, "name one of each at least"),
        ({"state": {"pose": ["position.w"]}}, "one axis"),
        ({"state": {"pose": ["joints.x"]}}, "one axis"),
        ({"state": {"pose": ["left/jonts"]}}, "did you mean 'joints'"),
    ],
)
def test_contracts_that_cannot_be_are_refused(changes, reason):
    with pytest.raises(ConfigError, match=reason):
        build(ServerContract, json.loads(json.dumps(dataclasses.asdict(LIBERO))) | changes, "mine.yaml")


def test_an_arm_that_the_robot_lacks_is_named():
    contract = dataclasses.replace(LIBERO, actions=(ActionPart("joints", arm="middle"),))
    with pytest.raises(ConfigError, match="middle"):
        contract.gives(FRANKA)

# SPDX-License-Identifier: Apache-2.0
"""The data contract: what it refuses, what it finds different, and its actions there and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from arms.delta_actions import integrate_actions
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from controllers.errors import ConfigError
from vla_ros.configuration import build
from vla_ros.policies.actions.encoding import ActionEncoding, continuous
from vla_ros.policies.contract import (
    REFERENCES,
    ROTATIONS,
    ActionContract,
    DataContract,
    contract_from_text,
    contract_names,
    contract_text,
    load_contract,
)
from vla_ros.policies.contract_checks import check_robot, check_same
from vla_ros.robots.embodiment import load_embodiment

SMALL = {
    "name": "small",
    "robot": "franka",
    "fps": 10,
    "cameras": {"front": {"width": 64, "height": 48}},
    "state": ["panda_joint1/position", "panda_hand/width"],
    "action": {"arms": ["panda"], "grippers": ["panda_hand"]},
}


@pytest.mark.parametrize("name", contract_names())
def test_every_contract_fits_its_robot_and_survives_the_copy_in_a_dataset(name):
    contract = load_contract(name)
    check_robot(contract, load_embodiment(contract.robot))
    assert contract_from_text(contract_text(contract), "copy") == contract


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"fps": 0}, "fps must be 1 to 1000"),
        ({"cameras": {"front": {"width": 63, "height": 48}}}, "even numbers"),
        ({"cameras": {"front": {"width": 64, "height": 48, "fit": "crp"}}}, "did you mean 'crop'"),
        ({"reference_camera": "frnt"}, "did you mean 'front'"),
        ({"state": []}, "state needs"),
        ({"state": ["panda_joint1/angle"]}, "no known quantity"),
        ({"state": ["panda/position.x"]}, "needs all seven"),
        ({"action": {}}, "moves nothing"),
        ({"action": {"arms": ["panda"], "reference": "delt"}}, "did you mean 'delta'"),
        ({"action": {"arms": ["panda"], "reference": "delta", "anchor": "measured"}}, "same value"),
        ({"action": {"arms": ["panda"], "reference": "relative", "anchor": "none"}}, "start from an anchor"),
        ({"action": {"arms": ["panda"], "target": "none"}}, "target"),
        ({"action": {"arms": ["panda"], "gripper_target": "comanded"}}, "did you mean 'commanded'"),
        ({"features": {"observation.k": {"kind": "calibration", "camera": "wrist"}}}, "unknown camera 'wrist'"),
        ({"features": {"observation/k": {"kind": "pose", "topic": "k"}}}, "without '/'"),
        ({"rate": 5}, "unknown key 'rate'"),
    ],
)
def test_a_contract_that_makes_no_sense_is_one_line(change, expected):
    with pytest.raises(ConfigError, match=expected):
        build(DataContract, SMALL | change, "small.yaml")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"cameras": {"frontal": {"width": 64, "height": 48}}}, "unknown camera 'frontal': did you mean 'front'"),
        ({"state": ["panda_joint8/position"]}, "unknown joint 'panda_joint8'"),
        ({"action": {"arms": ["pandas"]}}, "unknown arm 'pandas': did you mean 'panda'"),
        ({"robot": "agilex"}, "is for robot 'agilex', not 'franka'"),
    ],
)
def test_a_robot_that_does_not_fit_is_named(change, expected):
    with pytest.raises(ConfigError, match=expected):
        check_robot(build(DataContract, SMALL | change, "small.yaml"), load_embodiment("franka"))


def test_the_first_difference_between_contracts_is_said_in_words():
    contract = build(DataContract, SMALL, "small.yaml")
    check_same(contract, dataclasses.replace(contract, name="another"), "checkpoint")
    said = dataclasses.replace(contract, action=dataclasses.replace(contract.action, gripper_target="commanded"))
    check_same(contract, said, "checkpoint")
    other = dataclasses.replace(contract, action=dataclasses.replace(contract.action, rotation="rotation_6d"))
    with pytest.raises(ConfigError, match=r"^checkpoint: action\.rotation is 'rotation_6d', but contract 'small'"):
        check_same(contract, other, "checkpoint")
    with pytest.raises(ConfigError, match=r"cameras\.front is missing"):
        check_same(contract, dataclasses.replace(contract, cameras={}, reference_camera=""), "dataset")
    with pytest.raises(ConfigError, match=r"state\[0\] is 'panda_joint2/position'"):
        check_same(contract, dataclasses.replace(contract, state=("panda_joint2/position", "panda_hand/width")), "d")


def _motion(seed: int, rows: int, arms: int, joints: int, grippers: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an anchor (A,) and targets (H, C) of which neighbours are less than half a turn apart."""
    random = np.random.default_rng(seed)
    poses = []
    for _ in range(arms):
        turns = Rotation.random(random_state=random) * Rotation.identity()
        quaternions = []
        for _ in range(rows + 1):
            turns = Rotation.from_rotvec(random.uniform(-1, 1, 3)) * turns
            quaternions.append(turns.as_quat())
        poses.append(np.hstack([random.uniform(-1, 1, (rows + 1, 3)), continuous(np.array(quaternions))]))
    chain = np.hstack(
        [*poses, random.uniform(-3, 3, (rows + 1, joints)), random.uniform(0, 0.08, (rows + 1, grippers))]
    )
    return chain[0, : 7 * arms + joints], chain[1:]


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10_000),
    rows=st.integers(1, 6),
    reference=st.sampled_from(REFERENCES),
    rotation=st.sampled_from(ROTATIONS),
    arms=st.integers(0, 2),
    joints=st.integers(0, 3),
    base=st.booleans(),
)
def test_actions_there_and_back_are_the_same_motion(seed, rows, reference, rotation, arms, joints, base):
    names = tuple(f"arm{i}" for i in range(arms)), tuple(f"joint{i}" for i in range(joints)), ("hand",)
    action = ActionContract(*names, base=base, reference=reference, rotation=rotation)
    encoding = ActionEncoding(action)
    anchor, targets = _motion(seed, rows, arms, joints, 4 if base else 1)
    actions = encoding.encode(targets, anchor)
    assert actions.shape == (rows, encoding.size) == (rows, len(encoding.names))
    back = encoding.decode(actions, anchor)
    for i in range(arms):
        pose = slice(7 * i, 7 * i + 7)
        turned = Rotation.from_quat(back[:, pose][:, 3:]) * Rotation.from_quat(targets[:, pose][:, 3:]).inv()
        assert turned.magnitude().max() < 1e-7
        np.testing.assert_allclose(back[:, pose][:, :3], targets[:, pose][:, :3], atol=1e-12)
    np.testing.assert_allclose(back[:, 7 * arms :], targets[:, 7 * arms :], atol=1e-12)
    # What a dataset stores, made a chunk again, is what the policy is to say.
    stored = encoding.encode(targets, anchor, encoding.stored_reference)
    learned = encoding.decode(encoding.training_chunk(stored, anchor), anchor)
    np.testing.assert_allclose(learned[:, 7 * arms :], targets[:, 7 * arms :], atol=1e-12)
    for i in range(arms):
        angle = (
            Rotation.from_quat(learned[:, 7 * i + 3 : 7 * i + 7])
            * Rotation.from_quat(targets[:, 7 * i + 3 : 7 * i + 7]).inv()
        ).magnitude()
        assert angle.max() < 1e-7


def test_deltas_are_graspvlas():
    encoding = ActionEncoding(ActionContract(("panda",), (), ("hand",), (), False, "delta", "rotation_vector"))
    anchor, targets = _motion(3, 5, 1, 0, 1)
    T = np.eye(4)
    T[:3, 3], T[:3, :3] = anchor[:3], Rotation.from_quat(anchor[3:]).as_matrix()
    actions = encoding.encode(targets, anchor)
    poses = integrate_actions(actions, T)
    np.testing.assert_allclose(poses[:, :3, 3], targets[:, :3], atol=1e-9)
    np.testing.assert_allclose(poses[:, :3, :3], Rotation.from_quat(targets[:, 3:7]).as_matrix(), atol=1e-9)
    np.testing.assert_array_equal(actions[:, 6], targets[:, 7])


def test_the_sign_of_a_quaternion_depends_on_the_rotation_alone():
    """A tool that points down has w near 0, whose sign is noise: the contract's side decides instead."""
    encoding = ActionEncoding(ActionContract(("panda",)), (1.0, 0.0, 0.0, 0.0))
    for wobble in (-1e-3, 1e-3):
        down = Rotation.from_rotvec([np.pi, 0, 0]) * Rotation.from_rotvec([wobble, 0.1, 0])
        targets = np.concatenate([[0.4, 0.0, 0.3], down.as_quat()])[None]
        for sign in (1.0, -1.0):
            signed = targets * np.array([1, 1, 1, sign, sign, sign, sign])
            assert encoding.encode(signed, targets[0])[0, 3] > 0.99


def test_relative_poses_do_not_depend_on_where_the_base_is():
    encoding = ActionEncoding(ActionContract(("panda",), (), (), (), False, "relative", "rotation_6d"))
    anchor, targets = _motion(5, 4, 1, 0, 0)
    R, shift = Rotation.from_rotvec([0.3, -0.2, 1.0]), np.array([1.0, 2.0, 3.0])

    def moved(poses: np.ndarray) -> np.ndarray:
        return np.hstack([R.apply(poses[:, :3]) + shift, (R * Rotation.from_quat(poses[:, 3:])).as_quat()])

    np.testing.assert_allclose(
        encoding.encode(moved(targets), moved(anchor[None])[0]), encoding.encode(targets, anchor), atol=1e-9
    )

# SPDX-License-Identifier: Apache-2.0
"""A robot's state as the numbers that a server of others knows."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from vla_ros.policies.observation import RobotState
from vla_ros.policies.remote.foreign.contract import (
    AXES,
    GRIPPER_STATES,
    JOINTS,
    POSITION,
    Offset,
    ServerContract,
    named_arm,
    named_gripper,
)
from vla_ros.robots.embodiment import Embodiment


def transform(offset: Offset) -> np.ndarray:
    """Return an offset as a matrix (4, 4)."""
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = Rotation.from_rotvec(offset.rotation_vector).as_matrix(), offset.position
    return T


class ServerState:
    """Measured values to a server's numbers."""

    def __init__(self, contract: ServerContract, robot: Embodiment) -> None:
        self._robot = robot
        self._T_server_base, self._T_tool = transform(contract.base), transform(contract.tool)

    def pose(self, state: RobotState, arm: str) -> np.ndarray:
        """Return an arm's tool (4, 4) as the server calls it."""
        return self._T_server_base @ state.arms[named_arm(self._robot, arm).name].T_base_ee @ self._T_tool

    def numbers(self, state: RobotState, parts: tuple[str, ...], commanded: RobotState) -> np.ndarray:
        """Return what some parts are (D,) float32; `commanded` says what a gripper is told to be."""
        return np.concatenate([self._part(state, part, commanded) for part in parts]).astype(np.float32)

    def _part(self, state: RobotState, part: str, commanded: RobotState) -> np.ndarray:
        arm, _, name = part.rpartition("/")
        name, _, axis = name.partition(".")
        if name in GRIPPER_STATES:
            return self._gripper(state, arm, name, commanded)
        if name == JOINTS:
            return np.asarray(state.arms[named_arm(self._robot, arm).name].q)
        T = self.pose(state, arm)
        numbers = T[:3, 3] if name == POSITION else rotation_numbers(T[:3, :3], name)
        return numbers if not axis else numbers[[AXES.index(axis)]]

    def _gripper(self, state: RobotState, arm: str, name: str, commanded: RobotState) -> np.ndarray:
        """Return what a gripper is: `sign` 1 where it is told to be open, -1 closed; what it holds keeps it apart."""
        gripper = named_gripper(self._robot, arm)
        told = commanded.end_effectors.get(gripper.name)
        known = told if name == "sign" and told is not None else state.end_effectors[gripper.name]
        width = known.width or 0.0
        share = float(np.clip((width - gripper.width_min) / (gripper.width_max - gripper.width_min), 0.0, 1.0))
        numbers = {"closed": [1.0 - share], "opened": [share], "width": [width], "fingers": [width / 2, -width / 2],
                   "sign": [1.0 if share >= 0.5 else -1.0]}  # fmt: skip
        return np.array(numbers[name])


def rotation_numbers(R: np.ndarray, name: str) -> np.ndarray:
    """Return a rotation matrix (3, 3) by one of its names; quaternions xyzw with w >= 0."""
    if name == "rotation_6d":  # two columns, one behind the other
        return R[:, :2].T.reshape(6)
    if name == "rotation_rows":  # two rows
        return R[:2].reshape(6)
    rotation = Rotation.from_matrix(R)
    if name == "quaternion":
        return rotation.as_quat(canonical=True)
    return rotation.as_rotvec() if name == "rotation_vector" else rotation.as_euler("xyz")
